//! What is seen of a learner's socket from elsewhere: by its server, and by the kernel.

#[cfg(target_os = "linux")]
mod kernel;
mod server;
