-- People: a posted payroll run names the job that delivers it.

ALTER TABLE people.payroll_run ADD COLUMN delivery_job_id uuid
    CONSTRAINT payroll_run_delivery CHECK (delivery_job_id IS NULL OR status = 'POSTED');
