DROP SCHEMA administration CASCADE;
