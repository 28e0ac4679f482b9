//! What the machine is, and what a process takes of it, as `/proc` tells.
//!
//! On systems without `/proc` the processor time and memory are 0: walls and their ratios still hold.

use crate::Fault;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Linux reports processor time to programs in hundredths of a second, whatever the kernel counts in.
const TICKS: f64 = 100.0;
/// How often the memory of a child is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// What one process took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub seconds: f64,
    pub cpu_seconds: f64,
    pub peak_rss_kb: u64,
}

/// Runs a program to its end and returns what it took; its output is dropped, its complaints are passed on.
pub fn cost(command: &mut Command) -> Result<Cost, Fault> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let before = cpu_of_children();
    let start = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("{name} does not start: {e}"))?;
    let (pid, ended) = (child.id().to_string(), AtomicBool::new(false));
    let (status, seconds, peak_rss_kb) = std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = 0;
            while !ended.load(Ordering::Relaxed) {
                // The kernel keeps the high-water mark, so a look now and then misses only the last moment.
                peak = peak.max(peak_rss_kb(&pid));
                std::thread::sleep(LOOK);
            }
            peak
        });
        let status = child.wait();
        let seconds = start.elapsed().as_secs_f64();
        ended.store(true, Ordering::Relaxed);
        (status, seconds, watch.join().unwrap_or(0))
    });
    let status = status?;
    if !status.success() {
        return Err(format!("{name} failed: {status}").into());
    }
    Ok(Cost { seconds, cpu_seconds: cpu_of_children() - before, peak_rss_kb })
}

/// Returns the processor seconds this process has taken.
pub fn cpu_of_self() -> f64 {
    cpu_of("self")
}

/// Returns the processor seconds that a process has taken.
pub fn cpu_of(pid: &str) -> f64 {
    ticks(pid, 11)
}

/// Returns the processor seconds of the children that have ended.
fn cpu_of_children() -> f64 {
    ticks("self", 13)
}

/// Adds up two neighbouring fields of a process's `stat`, counted from its state on: the name before it may hold
/// blanks.
fn ticks(pid: &str, field: usize) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let sum: u64 = rest.split_ascii_whitespace().skip(field).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    sum as f64 / TICKS
}

/// Returns the most memory that a process had at a time; `self` is a process too.
pub fn peak_rss_kb(pid: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    number_after(&status, "VmHWM:")
}

/// Returns the number of cores that may be used.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Describes the machine in a few lines, for whoever reads the figures.
pub fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpu.lines().find(|l| l.starts_with(name));
        line.and_then(|l| l.split_once(':')).map_or("unknown", |(_, value)| value.trim()).to_owned()
    };
    let flags = field("flags");
    let has = |flag: &str| if flags.split(' ').any(|f| f == flag) { "yes" } else { "no" };
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    format!(
        "processor  {}\ncores      {}\nSHA-NI     {}\nAVX2       {}\nAVX-512    {}\nmemory     {} MB\nload       {}",
        field("model name"),
        cores(),
        has("sha_ni"),
        has("avx2"),
        has("avx512f"),
        number_after(&memory, "MemTotal:") / 1024,
        load(),
    )
}

/// Returns how busy the machine is: runnable processes over one, five and fifteen minutes.
pub fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Says whether a program is on the path.
pub fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| Path::new(&folder).join(program).is_file())
}

fn number_after(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|l| l.strip_prefix(name));
    line.and_then(|l| l.split_ascii_whitespace().next()).and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_child_is_measured() {
        let cost = cost(Command::new("sh").args(["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"])).unwrap();
        assert!(cost.seconds > 0.0 && cost.cpu_seconds > 0.0 && cost.peak_rss_kb > 100, "{cost:?}");
        assert!(super::cost(&mut Command::new("false")).is_err());
    }

    #[test]
    fn numbers_are_found() {
        assert_eq!(number_after("A: 1\nVmHWM:\t  1234 kB\n", "VmHWM:"), 1234);
        assert_eq!(number_after("", "VmHWM:"), 0);
    }
}
