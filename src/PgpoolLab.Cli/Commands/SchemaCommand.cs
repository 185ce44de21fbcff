using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.LabFiles;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>schema</c>: the JSON Schema of lab files.</summary>
internal static class SchemaCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command(
            "schema",
            "Print the JSON Schema of lab files, by which editors complete and check them"
        );
        command.SetAction(_ =>
        {
            terminal.Out.WriteLine(LabFileSchema.Text());
            return (int)ExitCode.Done;
        });
        return command.Guide(
            CommandGroup.More,
            ("pgpoollab schema > lab.schema.json", "Write it where the first line of a lab file names it")
        );
    }
}
