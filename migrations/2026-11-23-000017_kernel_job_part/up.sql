-- The parts of a job's output that are done: where its next attempt goes on.
CREATE TABLE kernel.job_part (
    organisation_id uuid NOT NULL,
    job_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    file_id uuid NOT NULL,
    records bigint NOT NULL CHECK (records > 0),
    cursor text,
    PRIMARY KEY (organisation_id, job_id, number),
    FOREIGN KEY (organisation_id, job_id) REFERENCES kernel.job (organisation_id, id)
        ON DELETE CASCADE
);
SELECT kernel.tenant_table('kernel.job_part', 'SELECT, INSERT, DELETE');
