//! What a process takes of the machine, by `/proc`.

use std::fs;

/// Ticks of the clock a second, as Linux shows them to programs.
const TICKS: f64 = 100.0;

/// A process of the program.
#[derive(Clone, Copy, Debug)]
pub struct Process(u32);

impl Process {
    /// The process that is named, else the first of this program in one of some roles.
    pub fn find(named: Option<u32>, roles: &[&str]) -> Option<Self> {
        if let Some(pid) = named {
            return Some(Self(pid));
        }
        let processes = fs::read_dir("/proc").ok()?.flatten();
        let mut pids: Vec<u32> = processes
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        pids.sort_unstable();
        roles.iter().find_map(|role| {
            let plays = |pid: &&u32| plays(**pid, role);
            pids.iter().find(plays).copied().map(Self)
        })
    }

    /// Seconds of processor time that it has taken.
    pub fn cpu(&self) -> Option<f64> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.0)).ok()?;
        let (_, after) = text.rsplit_once(')')?;
        let mut fields = after.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<f64>().ok();
        Some((ticks()? + ticks()?) / TICKS)
    }

    /// Bytes of memory that it takes now, and took at most.
    pub fn memory(&self) -> Option<(f64, f64)> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0)).ok()?;
        let of = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key))?;
            let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
            Some(kilobytes * 1024.0)
        };
        Some((of("VmRSS:")?, of("VmHWM:")?))
    }
}

fn plays(pid: u32, role: &str) -> bool {
    let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else {
        return false;
    };
    let line = String::from_utf8_lossy(&line);
    let mut words = line.split('\0');
    let program = words.next().unwrap_or_default();
    program.ends_with("/trastienda") && words.any(|word| word == role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_what_it_takes() {
        let own = Process::find(Some(std::process::id()), &[]).unwrap();
        assert!(own.cpu().unwrap() >= 0.0);
        let (now, most) = own.memory().unwrap();
        assert!(now > 1e6 && most >= now, "{now} {most}");
    }
}
