using System.CommandLine;
using PgpoolLab.Cli.Rendering;

namespace PgpoolLab.Cli.Commands;

internal static class DemoCommand
{
    internal static Command Create(Terminal terminal) => new("demo", "x");
}
