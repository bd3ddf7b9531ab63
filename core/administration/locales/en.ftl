administration-mail_server_away = The mail server is not available: { $detail }. Try again when it is.
administration-mail_rejected = The mail server refused the message: { $detail }
administration-mail_impossible = The message can’t be written: { $part } is not valid.
administration-mail_sent_already = The mail has been sent already.
administration-mail_under_way = The mail is on its way; wait until it is sent or given up.
administration-report_unknown = There is no report “{ $key }”.
administration-report_company_unknown = There is no such company, or you may not see this report there.
administration-report_for_people = Reports are produced for people, not for automations.
administration-report_too_long = The report has { $rows } rows and paper takes { $most }. Ask for a spreadsheet.
administration-report_unprintable = The report can’t be written in this format: { $detail_en }
administration-report_of_another = What was produced for somebody else is theirs alone to open.
administration-report_not_made = The report is not made.
administration-recipient_unknown = There is no such user, or they can’t log in.
administration-recipient_may_not = { $name } may not see this report, and so not receive it either.
administration-recipients_out_of_range = Name between one recipient and { $most }.
administration-report_schedule_not_found = There is no such schedule of a report.
administration-report_schedule_name_taken = There is a schedule of a report of that name already.
administration-archived = It is archived and changes no more.
administration-announcement_not_found = There is no such announcement.
administration-announcement_published_already = The announcement is published: its words and its audience change no more. Archive it and publish another.
administration-announcement_over = The time of the announcement has passed.
administration-both_languages = English needs both title and text.
administration-audience_out_of_range = Name between one and { $most }.
administration-audience_unknown = One of the companies, departments or roles does not exist.
administration-audience_too_wide = Your right does not cover all of that audience.
administration-people_announce = Announcements are written by people.
administration-people_read = Announcements are read by people.
administration-acknowledgement_not_asked = This announcement asks for no acknowledgement.
administration-document_not_found = There is no such document.
administration-document_unreadable = The text of this file can’t be read; the document is found by its title, tags and description alone.
administration-people_keep = Documents are kept by people.
administration-readers_unknown = There is no such department or role.
administration-readers_too_wide = Your right does not cover all of those readers.
administration-company_of_readers = The company is that of the readers; change it with them.
administration-owner_unknown = There is no such user, or they can’t log in.
administration-tags_out_of_range = A document has { $most } tags at most.
administration-search_too_long = Search with { $most } characters at most.

administration-report_period = From { $from } to { $to }
administration-report_as_of = As of { $day }
administration-report_made_for = Produced for { $reader }.
administration-report_amounts_in = Amounts in { $currency }.
administration-report_attached = The report “{ $name }” is attached.
administration-report_without_rows = There is nothing in the period asked for.

administration-report_ready-title = Report ready: { $report }
administration-report_ready-body = The report “{ $report }” is ready to download.
administration-report_failed-title = Report not produced: { $report }
administration-report_failed-body = The report “{ $report }” could not be produced. Open it to see why.
administration-announcement_published-title = Announcement: { $title_en }
administration-announcement_published-body = { $acknowledge ->
    [yes] “{ $title_en }” was published. Read it and acknowledge that you have.
   *[no] “{ $title_en }” was published.
}
