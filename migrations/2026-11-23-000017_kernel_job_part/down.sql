DROP TABLE kernel.job_part;
