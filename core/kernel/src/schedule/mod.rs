//! Schedules: jobs by the clock of a time zone.
//!
//! A tick's job has the key `schedule:<id>:<due>`, so any number of schedulers make one run of it.
//! Ticks that nobody was there for are caught up as the schedule's policy says, and a tick whose
//! job has not succeeded in the time expected raises an alarm.

mod alarm;
mod cron;
mod store;
pub mod tick;

pub use alarm::ScheduleAlarm;
pub use cron::Timetable;
pub use store::{
    CatchUp, ScheduleCreateInput, ScheduleFilter, SchedulePatch, SchedulePauseInput,
    ScheduleResumeInput, ScheduleRow, ScheduleRunInput, ScheduleSort, ScheduleSortField,
    ScheduleUpdateInput, by_ids, count, create, page, pause, resume, run_now, update,
};
