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
        let pids = pids()?;
        roles.iter().find_map(|role| {
            let plays = |pid: &&u32| plays(**pid, role);
            pids.iter().find(plays).copied().map(Self)
        })
    }

    /// Seconds of processor time that it has taken.
    pub fn cpu(&self) -> Option<f64> {
        Some(Stat::of(self.0)?.own)
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

/// The processes of the database's server, where it runs on this machine.
#[derive(Clone, Copy, Debug)]
pub struct Cluster(u32);

impl Cluster {
    /// The cluster of one of its backends, by that one's process id.
    pub fn of(backend: u32) -> Option<Self> {
        let stat = Stat::of(backend)?;
        stat.name.contains("postgres").then_some(Self(stat.parent))
    }

    /// Seconds of processor time that all of its processes have taken, those that ended included.
    pub fn cpu(&self) -> Option<f64> {
        let first = Stat::of(self.0)?;
        let children = pids()?.into_iter().filter_map(Stat::of);
        let children = children.filter(|stat| stat.parent == self.0);
        Some(first.own + first.ended + children.map(|stat| stat.own).sum::<f64>())
    }
}

/// What `/proc` says of a process: its name, its parent, seconds of its own and of ended children.
struct Stat {
    name: String,
    parent: u32,
    own: f64,
    ended: f64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (before, after) = text.rsplit_once(')')?;
        let mut fields = after.split_whitespace().skip(1);
        let parent = fields.next()?.parse().ok()?;
        let mut ticks = fields.skip(9).map_while(|field| field.parse::<f64>().ok());
        let mut two = || Some((ticks.next()? + ticks.next()?) / TICKS);
        Some(Self {
            name: before.to_owned(),
            parent,
            own: two()?,
            ended: two()?,
        })
    }
}

fn pids() -> Option<Vec<u32>> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut pids: Vec<u32> = processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    pids.sort_unstable();
    Some(pids)
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
