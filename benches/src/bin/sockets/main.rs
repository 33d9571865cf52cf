//! What the service's sockets stand, measured from outside over loopback; every run is bounded in time and number.
//!
//! `sockets idle` memory of many idle sockets · `load` commands and their durable answers · `slow` one reader stops ·
//! `half` half-sent headers · `echo` the service's own accept loop and framing as an echo, for conformance suites.

mod client;
mod echo;
mod figures;
mod idle;
mod load;
mod slow;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};

/// Longest run.
const SECONDS_MAX: u64 = 600;

/// Measures the sockets of a running service on this machine.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Open sockets, say hello and be still; memory of the service before and after
    Idle {
        /// Where the service listens
        addr: SocketAddr,
        /// Process of the service
        #[arg(long)]
        pid: u32,
        /// Sockets
        #[arg(long, default_value_t = 10_000)]
        sockets: usize,
        /// Seconds to be still
        #[arg(long, default_value_t = 25)]
        hold: u64,
    },
    /// Many clients ask for rides, take and cancel them; times from command to durable answer
    Load {
        /// Where the service listens
        addr: SocketAddr,
        /// Clients
        #[arg(long, default_value_t = 2_000)]
        clients: usize,
        /// Commands a second, all clients together
        #[arg(long, default_value_t = 1_000)]
        rate: u64,
        /// Seconds
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Vehicles
        #[arg(long, default_value_t = 60)]
        vehicles: usize,
    },
    /// One client stops reading; when it is dropped, and what others feel of it
    Slow {
        /// Where the service listens
        addr: SocketAddr,
        /// Seconds before it stops reading, and at most after
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
    /// Headers of which half is sent; when the service hangs up
    Half {
        /// Where the service listens
        addr: SocketAddr,
        /// Connections
        #[arg(long, default_value_t = 100)]
        connections: usize,
    },
    /// Serve an echo through the service's own accept loop, handshake and framing
    Echo {
        /// Where to listen
        #[arg(long, default_value = "127.0.0.1:9001")]
        listen: SocketAddr,
        /// Largest message, in bytes; the service's own limit is 65536
        #[arg(long, default_value_t = 64 * 1024 * 1024)]
        message_max: usize,
        /// Seconds until it ends by itself
        #[arg(long, default_value_t = 120)]
        seconds: u64,
    },
}

fn main() -> Result<()> {
    let args = Args::parse();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(args.command))
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Idle { addr, pid, sockets, hold } => {
            check(addr, hold)?;
            idle::run(addr, pid, sockets, Duration::from_secs(hold)).await
        }
        Command::Load { addr, clients, rate, seconds, vehicles } => {
            check(addr, seconds)?;
            load::run(addr, &load::Plan { clients, rate, seconds, vehicles }).await
        }
        Command::Slow { addr, seconds } => {
            check(addr, seconds)?;
            slow::reader(addr, Duration::from_secs(seconds)).await
        }
        Command::Half { addr, connections } => {
            check(addr, 0)?;
            slow::headers(addr, connections).await
        }
        Command::Echo { listen, message_max, seconds } => {
            check(listen, seconds)?;
            echo::run(listen, message_max, Duration::from_secs(seconds)).await
        }
    }
}

/// Only this machine, and not for ever.
fn check(addr: SocketAddr, seconds: u64) -> Result<()> {
    ensure!(addr.ip().is_loopback(), "{addr} is not on this machine");
    ensure!(seconds <= SECONDS_MAX, "at most {SECONDS_MAX} seconds");
    Ok(())
}
