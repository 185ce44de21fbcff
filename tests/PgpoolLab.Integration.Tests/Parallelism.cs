// Tests of real servers wait more than they work: more of them at a time than there are processors.
[assembly: Xunit.v3.Parallelization(MaxThreads = 6)]
