"""Who carries a plan out: processes of this machine, or a cluster. All have the same interface."""
