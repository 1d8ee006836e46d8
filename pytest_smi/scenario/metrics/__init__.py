"""Traffic Metrics as the suite reads it: pure readers and judgements,
and the shared scenario that the assertions look at."""
