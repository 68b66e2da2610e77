//! What happens when a process's code cache is full: its translations are thrown away, and made anew
//! as they are needed. What they have counted is added up before.

use super::Tracer;
use super::area::MOST_COUNTERS;
use super::areas::Area;
use crate::counter::ptrace::Stopped;

impl Tracer {
    /// Empties the cache of a thread that is at none of its translations. Err: another thread may be.
    pub(super) fn flush(&mut self, stopped: &Stopped) -> Result<(), String> {
        let tid = stopped.tid();
        let pid = self.threads.get(&tid).map(|thread| thread.process);
        let id = pid.and_then(|pid| self.processes.get(&pid)?.space);
        let (Some(pid), Some(id)) = (pid, id) else { return Err("its process is unknown".into()) };
        let in_space = |process| self.processes.get(&process).is_some_and(|process| process.space == Some(id));
        let users = self.threads.values().filter(|thread| in_space(thread.process)).count();
        if users > 1 {
            return Err(format!(
                "its code cache is full ({MOST_COUNTERS} counters), which is emptied only for processes of one \
                 thread: this one has {users}"
            ));
        }
        self.count_tiles(stopped);
        self.fold(pid);
        let Some(thread) = self.threads.get_mut(&tid) else { return Ok(()) };
        // By block, of those that are gone.
        thread.tiles_counted.clear();
        let used: Vec<&Area> = thread.area.iter().collect();
        if let Some(space) = self.spaces.get_mut(&id) {
            self.meter.flushed(id, space);
            space.clear(&used);
        }
        Ok(())
    }
}
