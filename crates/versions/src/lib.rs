//! Version orders of every package ecosystem, and the constraints written over them.
