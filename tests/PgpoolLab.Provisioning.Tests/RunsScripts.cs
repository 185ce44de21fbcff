namespace PgpoolLab.Provisioning.Tests;

/// <summary>Tests that write programs and run them. Alone: while another test starts a process, that has for a moment
/// whatever file is being written open, and the system refuses to run a program somebody has open for writing
/// (ETXTBSY).</summary>
[CollectionDefinition(nameof(RunsScripts), DisableParallelization = true)]
public sealed class RunsScripts;
