technology-system_not_found = There is no such system, or you may not see it.
technology-system_name_taken = The company already has a system of that name.
technology-system_retired = The system is retired: it is neither watched nor changed any more.
technology-department_not_found = There is no such department in the company.
technology-user_not_found = There is no such user, or they are not active.
technology-check_not_found = There is no such check, or you may not see it.
technology-check_name_taken = The system already has a check of that name.
technology-check_state = The check already is in that state.
technology-out_of_bounds = The value must be between { $least } and { $most }.
technology-queue_invalid = A queue is named by up to 40 small letters and underscores.
technology-schedule_not_found = There is no such schedule, or you may not see it.
technology-text_needs_get = To look for a text in the answer, all of it must be asked for: use GET.
technology-address_malformed = The address is not valid: give http or https with a host, or a host with its port, without a user or a password.
technology-address_forbidden = { $host } may not be reached: its address is { $kind ->
    [loopback] the machine's own
    [private] of a private network
    [shared] of a provider's inner network
    [link-local] link-local or the cloud's metadata
    [multicast] for many receivers
   *[other] reserved
}. Whoever runs the installation can allow inner addresses.
technology-incident_not_found = There is no such incident, or you may not see it.
technology-incident_state = The state of the incident does not allow it.
technology-incident_open = Another incident of the same check is already open.
technology-incident_full = The incident already has { $most } notes, the most it can have.
technology-began_in_future = An incident can't begin in the future.
technology-range_too_long = The range can have { $most } days at most.
technology-seen_unresolved = The name has no address.
technology-seen_unreachable = Nobody listens at that address.
technology-seen_timed_out = No answer came within { $timeout } ms.
technology-seen_tls = No secure connection came about: { $detail }
technology-seen_answer = The answer could not be read: { $detail }
technology-seen_status = It answered with status { $status } instead of { $expected }.
technology-seen_no_text = The answer doesn't contain the expected text.
technology-seen_expires = The certificate expires on { $date }, in { $days } days.
technology-seen_expired = The certificate expired on { $date }.
technology-seen_other_name = The certificate is not that host's.
technology-seen_waiting = { $waiting } jobs are waiting; the most is { $most }.
technology-seen_oldest = A job has been waiting for { $minutes } minutes; the most is { $most }.
technology-seen_missed = The job of “{ $schedule }” of { $due } was not done in time.
technology-seen_no_tick = “{ $schedule }” was due on { $due } and did not begin.
technology-incident_opened-title = Incident { $number }: { $system }
technology-incident_opened-body = { $cause }
technology-incident_resolved-title = Incident { $number } resolved: { $system }
technology-incident_resolved-body = The system { $system } has recovered.
technology-incident_assigned-title = Incident { $number } is assigned to you: { $system }
technology-incident_assigned-body = { $cause }
technology-by_hand = { $title }
report-technology-availability = Availability of the systems
report-technology-availability-system = System
report-technology-availability-criticality = Criticality
report-technology-availability-incidents = Incidents
report-technology-availability-down_minutes = Minutes down
report-technology-availability-percent = Availability (%)
