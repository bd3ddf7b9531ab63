CREATE OR REPLACE VIEW processes.inbox_entry WITH (security_invoker = true) AS
SELECT a.organisation_id, a.id, 'APPROVAL'::text AS kind, NULL::uuid AS user_id,
    a.subject_kind, a.subject_id, s.opened_at AS at, s.due_at,
    (s.escalated_at IS NOT NULL) AS urgent
FROM processes.approval_step s
JOIN processes.approval a ON a.organisation_id = s.organisation_id AND a.id = s.approval_id
WHERE s.status = 'OPEN'
UNION ALL
SELECT n.organisation_id, n.id, 'NOTIFICATION'::text, n.user_id,
    n.subject_kind, n.subject_id, n.created_at, NULL::timestamptz, n.urgent
FROM processes.notification n
WHERE n.in_app AND n.read_at IS NULL;
DROP TABLE processes.task_comment, processes.task_checklist, processes.task_watcher,
    processes.task;
DROP FUNCTION processes.task_guard();
