//! What a class sees of itself: everyone's exchanges on one axis, findings, the projector.

pub mod answers;
pub mod chart;
pub mod projector;
pub mod qr;
pub mod run;
pub mod spotlight;
pub mod table;
