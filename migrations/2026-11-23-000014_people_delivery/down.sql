ALTER TABLE people.payroll_run DROP COLUMN delivery_job_id;
