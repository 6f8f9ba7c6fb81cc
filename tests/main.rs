//! Real windows of the real program under a virtual display.
