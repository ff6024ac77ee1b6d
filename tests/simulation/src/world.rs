//! The simulated world: hosts, links, and what the administrator of faults can do to them.

mod look;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use turmoil::Sim;

use crate::admin::Job;
use crate::cluster::{self, name};
use crate::dice::Dice;
use crate::disk::{self, Mood};
use crate::faults::{self, End};
use crate::plan::Plan;
use crate::shared::{Host, Shared};
use crate::trace::{Status, What};

/// The world.
pub struct World<'a> {
    /// The network and the hosts.
    pub sim: Sim<'a>,
    /// What is shared.
    pub shared: Shared,
    /// What the seed picked.
    pub plan: Plan,
    /// Chance for faults.
    pub dice: Dice,
    /// Hosts that are on the network.
    placed: Vec<usize>,
    /// How faults end, and when.
    ends: Vec<(Duration, End)>,
    root: PathBuf,
}

impl std::fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

impl<'a> World<'a> {
    /// An empty world.
    #[must_use]
    pub fn new(sim: Sim<'a>, shared: Shared, plan: Plan, root: PathBuf) -> Self {
        let dice = Dice::new(plan.seed, 2);
        Self {
            sim,
            shared,
            plan,
            dice,
            placed: Vec::new(),
            ends: Vec::new(),
            root,
        }
    }

    /// Makes a host without a member.
    pub fn host(&mut self, voter: bool) -> usize {
        let root = self.root.clone();
        self.shared.with(|state| {
            let number = state.hosts.len();
            let mut host = Host::new(root.join(number.to_string()));
            host.voter = voter;
            state.hosts.push(host);
            number
        })
    }

    /// Goes on by one step.
    ///
    /// # Errors
    /// When a simulated process fails in a way that is none of its own.
    pub fn step(&mut self) -> anyhow::Result<()> {
        if let Err(error) = self.sim.step() {
            anyhow::bail!("a simulated process failed: {error}");
        }
        self.begin_members();
        self.end_processes();
        self.watch();
        let now = self.sim.elapsed();
        let (over, on) = std::mem::take(&mut self.ends)
            .into_iter()
            .partition::<Vec<_>, _>(|(at, _)| *at <= now);
        self.ends = on;
        for (_, end) in over {
            faults::end(self, &end);
        }
        Ok(())
    }

    /// Starts replicas of new members.
    fn begin_members(&mut self) {
        let new = self.shared.with(|state| {
            let hosts = state.hosts.iter().enumerate();
            let new = hosts.filter(|(_, host)| host.member.is_some() && host.runs == 0);
            let new = new.filter(|(_, host)| !host.up && !host.gone);
            new.map(|(number, _)| number).collect::<Vec<_>>()
        });
        for host in new {
            self.shared.with(|state| state.hosts[host].up = true);
            cluster::add(&mut self.sim, &self.shared, &self.plan, host);
            self.placed.push(host);
        }
    }

    /// Clears away processes that died or ended.
    fn end_processes(&mut self) {
        for host in self.placed.clone() {
            let (dying, ended, removed) = self.shared.with(|state| {
                let host = &mut state.hosts[host];
                let removed = host.leaves || host.damaged;
                (host.dying.take(), host.ended.take(), removed)
            });
            if let Some(how) = dying {
                let power = self.dice.one_in(2);
                self.crash(host, power, &how);
            }
            if let Some(code) = ended {
                self.stop(host);
                if removed {
                    self.shared.with(|state| state.hosts[host].gone = true);
                } else {
                    let member = self.shared.with(|state| state.hosts[host].member);
                    self.violated("C8", &format!("member {member:?} ended by itself: {code}"));
                }
            }
            self.bury(host);
        }
    }

    /// Takes away a host whose member is no member any more.
    fn bury(&mut self, host: usize) {
        let leader = self.leader();
        let over = self.shared.with(|state| {
            let own = &state.hosts[host];
            let status = leader.and_then(|leader| state.hosts[leader].status.as_ref());
            let known = |status: &Status| {
                let id = own.member.unwrap_or_default();
                status.changing || status.voters.contains(&id) || status.learners.contains(&id)
            };
            (own.leaves || own.damaged)
                && !own.gone
                && state.jobs.is_empty()
                && leader != Some(host)
                && status.is_some_and(|status| !known(status))
        });
        if over {
            self.fault(&format!("h{host} is taken away"));
            self.stop(host);
            self.shared.with(|state| state.hosts[host].gone = true);
        }
    }

    /// Notes how replicas say that they are.
    fn watch(&mut self) {
        let now = self.sim.elapsed();
        for host in &self.placed {
            let (handle, run, last) = self.shared.with(|state| {
                let host = &state.hosts[*host];
                (host.handle.clone(), host.runs, host.status.clone())
            });
            let Some(handle) = handle else { continue };
            let status = look::status(&handle);
            drop(handle);
            if Some(&status) != last.as_ref() {
                self.shared
                    .with(|state| state.hosts[*host].status = Some(status.clone()));
                self.shared.push_at(now, *host, run, What::Says(status));
            }
        }
    }

    /// Ends a process without a word.
    fn stop(&mut self, host: usize) {
        self.shared.with(|state| {
            let host = &mut state.hosts[host];
            (host.handle, host.inbox, host.status) = (None, None, None);
            host.up = false;
        });
        self.sim.crash(name(host));
    }

    /// Kills a process; with `power` its disk forgets what was not forced to it.
    pub fn crash(&mut self, host: usize, power: bool, how: &str) {
        let (run, up) = self.shared.with(|state| {
            let host = &mut state.hosts[host];
            host.mood.dies = None;
            (host.runs, host.up)
        });
        if !up {
            return;
        }
        self.stop(host);
        let (directory, forced) = self.shared.with(|state| {
            let host = &state.hosts[host];
            (host.directory.clone(), std::sync::Arc::clone(&host.forced))
        });
        let mut lost = 0;
        if power {
            let forced = forced
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            lost = disk::lose_power(&directory, &forced, &self.dice).unwrap_or(0);
        }
        let how = format!("{how}, power {power}, lost {lost} bytes");
        let now = self.sim.elapsed();
        self.shared.push_at(now, host, run, What::Crashes(how));
        let pause = self.dice.millis(50, 3_000);
        self.later(pause, End::Start(host));
    }

    /// Starts a process again.
    pub fn start(&mut self, host: usize) {
        let starts = self.shared.with(|state| {
            let host = &mut state.hosts[host];
            let starts = !host.up && !host.gone;
            host.up |= starts;
            host.dying = None;
            starts
        });
        if starts {
            self.sim.bounce(name(host));
        }
    }

    /// Damages the disk of a process that is down.
    pub fn damage(&mut self, host: usize, wipe: bool) {
        let (directory, forced) = self.shared.with(|state| {
            let host = &mut state.hosts[host];
            host.damaged = true;
            (host.directory.clone(), std::sync::Arc::clone(&host.forced))
        });
        let what = if wipe {
            let _ = fs::remove_dir_all(&directory);
            "wiped".to_owned()
        } else {
            let forced = forced
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            format!("{:?}", disk::flip(&directory, &forced, &self.dice))
        };
        self.fault(&format!("the disk of h{host}: {what}"));
    }

    /// Has a member added.
    pub fn join(&mut self, voter: bool, replaces: Option<usize>) {
        let host = self.host(voter);
        self.shared.with(|state| {
            if let Some(replaced) = replaces {
                state.hosts[replaced].leaves = true;
            }
            state.jobs.push_back(Job::Add {
                host,
                voter,
                replaces,
            });
        });
    }

    /// Has a member removed.
    pub fn leave(&mut self, host: usize) {
        self.shared.with(|state| {
            state.hosts[host].leaves = true;
            state.jobs.push_back(Job::Remove(host));
        });
    }

    /// All links work.
    pub fn repair(&mut self) {
        for (place, a) in self.placed.iter().enumerate() {
            for b in self.placed.iter().skip(place + 1) {
                self.sim.release(name(*a), name(*b));
                self.sim.repair(name(*a), name(*b));
            }
        }
    }

    /// Ends all faults at once.
    pub fn heal(&mut self) {
        self.fault("all faults end");
        for (_, end) in std::mem::take(&mut self.ends) {
            faults::end(self, &end);
        }
        self.sim.set_fail_rate(0.0);
        self.sim.set_max_message_latency(self.plan.latency);
        self.repair();
        for host in self.placed.clone() {
            self.mood(host, faults::mended);
            self.start(host);
        }
    }

    /// Changes what a disk does.
    pub fn mood(&mut self, host: usize, change: impl FnOnce(&mut Mood)) {
        self.shared
            .with(|state| change(&mut state.hosts[host].mood));
    }

    /// Ends a fault later.
    pub fn later(&mut self, after: Duration, end: End) {
        self.ends.push((self.sim.elapsed() + after, end));
    }

    /// Notes a fault.
    pub fn fault(&mut self, text: &str) {
        let now = self.sim.elapsed();
        self.shared.push_at(now, 0, 0, What::Fault(text.to_owned()));
    }

    /// Notes that an invariant does not hold.
    pub fn violated(&mut self, invariant: &'static str, problem: &str) {
        self.shared.with(|state| {
            let violation = state.checks.violation(invariant, problem);
            state.violation = state.violation.take().or(violation);
        });
    }
}
