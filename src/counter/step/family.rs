//! Threads and processes as they come and go.

use libc::c_int;
use nix::unistd::Pid;

use super::super::cpus::Cpus;
use super::Tracer;
use super::thread::{Call, Doing, Process, Thread};
use crate::counter::ptrace::status::Dispositions;
use crate::counter::ptrace::{self, Stopped, Traced, signal_bit, status};

impl Tracer {
    pub(super) fn process_of(&mut self, tid: Pid) -> Option<&mut Process> {
        let pid = self.threads.get(&tid)?.process;
        self.processes.get_mut(&pid)
    }

    /// ptrace(2): "PTRACE_EVENT_CLONE ... the PID of the new thread can be retrieved".
    pub(super) fn started_child(&mut self, parent: Stopped) -> Traced<()> {
        let tid = parent.event_message()?;
        let Some(creator) = self.threads.get(&parent.tid()).cloned() else { return parent.run_to_syscall(None) };
        self.belongs_to(tid, &creator);
        parent.run_to_syscall(None)?;
        match self.early.remove(&tid) {
            Some(child) => {
                let registers = child.registers()?;
                self.advance(child, &registers, None)
            }
            None => Ok(()),
        }
    }

    /// ptrace(2): execve by any thread ends all others, and the one left has the process's id.
    pub(super) fn executed_program(&mut self, stopped: Stopped) -> Traced<()> {
        let tid = stopped.tid();
        let former = stopped.event_message()?;
        if let Some(mut thread) = self.threads.remove(&former) {
            self.threads.retain(|_, other| other.process != tid);
            thread.doing = Doing::Calling(Call::DONE);
            thread.interrupted = false;
            self.threads.insert(tid, thread);
        }
        if let Some(process) = self.processes.get_mut(&tid) {
            process.exec();
        }
        if status::loses_privilege(tid) {
            let name = status::name(tid);
            self.record.void(format!("{name} is setuid or setgid, and runs without that privilege when traced"));
        }
        if !self.launched && tid == self.root {
            self.launched = true;
            self.take_native_trap(&stopped)?;
        }
        stopped.run_to_syscall(None)
    }

    /// What flopledger's own parent set for SIGTRAP.
    fn take_native_trap(&mut self, stopped: &Stopped) -> Traced<()> {
        let ignored = Dispositions::of(stopped.tid()).unwrap_or_default().ignored;
        if let Some(process) = self.processes.get_mut(&stopped.tid()) {
            process.ignores_trap = ignored & signal_bit(libc::SIGTRAP) != 0;
        }
        self.take_trap_from_mask(stopped, true)
    }

    /// A thread is gone, and with the last of them its process.
    pub(super) fn ended(&mut self, tid: Pid) -> Traced<()> {
        self.early.remove(&tid);
        let Some(thread) = self.threads.remove(&tid) else { return Ok(()) };
        self.adopt(&thread)?;
        let last = self.threads.values().all(|other| other.process != thread.process);
        if let Some(process) = last.then(|| self.processes.remove(&thread.process)).flatten() {
            self.finish(process);
        }
        Ok(())
    }

    /// A thread that was killed while it created another did not report it. Should new threads wait
    /// for an event that nobody will send any more, they are taken to be its own.
    fn adopt(&mut self, creator: &Thread) -> Traced<()> {
        if self.threads.values().any(|thread| thread.doing.may_create()) {
            return Ok(());
        }
        for (tid, child) in std::mem::take(&mut self.early) {
            self.belongs_to(tid, creator);
            let registers = child.registers()?;
            self.advance(child, &registers, None)?;
        }
        Ok(())
    }

    /// Registers a new thread, and its process if it is one.
    fn belongs_to(&mut self, tid: Pid, creator: &Thread) {
        let process = status::process_of(tid).unwrap_or(creator.process);
        self.record.threads += 1;
        if process == tid {
            self.record.processes += 1;
            let inherited = self.processes.get(&creator.process).map(Process::child);
            self.processes.insert(process, inherited.unwrap_or_default());
        }
        self.threads.insert(tid, creator.child(process));
    }

    pub(super) fn finish(&mut self, process: Process) {
        self.record.add(&process.classes);
        if let Some(fault) = process.regions.finish(&mut self.record.regions, &process.classes) {
            self.record.void(fault);
        }
    }

    /// The command has ended: stops what it left running, to be let go at the next stop.
    pub(super) fn let_go(&mut self) {
        self.letting_go = true;
        let mut survivors: Vec<Pid> = self.processes.keys().copied().collect();
        survivors.sort();
        for pid in survivors {
            let name = status::name(pid);
            self.record.void(format!("still running when the command ended: {name} (process {pid})"));
        }
        for tid in self.threads.keys() {
            // It may have ended meanwhile.
            let _ = ptrace::interrupt(*tid);
        }
    }

    /// Resumes a thread as `how` says or, once the command has ended, lets it go as it natively
    /// would be.
    pub(super) fn resume_or_let_go(
        &mut self,
        stopped: Stopped,
        signal: Option<c_int>,
        how: impl FnOnce(Stopped, Option<c_int>) -> Traced<()>,
    ) -> Traced<()> {
        if !self.letting_go {
            return how(stopped, signal);
        }
        if let Some(thread) = self.threads.get(&stopped.tid()) {
            self.pin.release(stopped.tid(), &thread.cpus);
            if thread.blocks_trap {
                stopped.set_signal_mask(stopped.signal_mask()? | signal_bit(libc::SIGTRAP))?;
            }
        }
        self.ended(stopped.tid())?;
        stopped.detach(signal)
    }
}

impl Thread {
    /// The child that will execute the command.
    pub(super) fn launching(pid: Pid, cpus: Cpus) -> Thread {
        Thread {
            process: pid,
            doing: Doing::Launching,
            interrupted: false,
            blocks_trap: false,
            pending_trap: false,
            cpus,
        }
    }
}
