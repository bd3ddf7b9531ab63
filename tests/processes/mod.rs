//! Processes through the served API: tasks.

mod tasks;
