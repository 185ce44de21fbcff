using System.CommandLine;

namespace PgpoolLab.Cli.Startup;

/// <summary>The program itself, above all its commands.</summary>
/// <remarks>No <see cref="RootCommand"/>: that has the name of the file it was started from, and where it is one of a
/// command, as of a link called <c>nodes</c>, the parser fails.</remarks>
internal sealed class ProgramCommand(string description) : Command(Invocation.Name, description);
