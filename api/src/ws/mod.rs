//! WebSocket connections: the handshake by hand (warp offers neither small buffers nor an origin check) and the life
//! of one connection. RFC 6455.

pub mod connection;
pub mod handshake;
pub mod talk;
