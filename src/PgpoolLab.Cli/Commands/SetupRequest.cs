using System.CommandLine;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.LabFiles;

namespace PgpoolLab.Cli.Commands;

/// <summary>What <c>setup</c> and <c>up</c> are asked for, by a lab file, by options, or by both.</summary>
/// <param name="Said">What was said, where options win over the file.</param>
/// <param name="File">The file; null when there is none.</param>
/// <param name="Spec">As a request, without what is in the files that it names.</param>
/// <param name="NameOf">What the user calls a field: an option, or a key of the file with its place.</param>
internal sealed record SetupRequest(LabFile Said, LabFileText? File, LabSpec Spec, Func<SpecField, string> NameOf)
{
    private const string Sudo = "SUDO_UID";

    private Func<string, string> NameOfOption { get; init; } = option => option;

    /// <summary>Reads the file, if there is one.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">What its options say.</param>
    /// <param name="leaveRunning">True for a command that leaves the lab running in any case.</param>
    /// <exception cref="LabException">The file cannot be used.</exception>
    internal static SetupRequest Read(ParseResult parsed, LabFile options, bool leaveRunning)
    {
        var file = parsed.GetValue(SetupFileOptions.File) is { } path ? Read(path) : null;
        var said = file is null ? options : options.Over(file.File);
        var folder = said.Directory ?? Path.TrimEndingDirectorySeparator(Path.GetFullPath("."));
        var request = new SetupRequest(said, file, said.ToSpec(Identity.RealPath(folder), leaveRunning), Name)
        {
            NameOfOption = option => Given(option) ? option : file?.KeyOf(option) ?? option,
        };
        request.RequireForHosts(Given);
        return request;

        string Name(SpecField field)
        {
            var option = FieldNames.Option(field);
            return Given(option) ? option : file?.NameOf(field) ?? option;
        }

        bool Given(string option) =>
            parsed.CommandResult.Command.Options.FirstOrDefault(o => o.Name == option) is { } known
            && parsed.GetResult(known) is { Implicit: false };
    }

    /// <summary>The request with what is in the files that it names. To be called before root becomes another
    /// user.</summary>
    /// <exception cref="InvalidSpecException">A file cannot be used.</exception>
    internal LabSpec ReadFiles() => LabFileInputs.Read(Said, Spec, NameOfOption);

    private static LabFileText Read(string path)
    {
        if (path != LabFileReader.StandardInput)
        {
            return LabFileReader.Read(
                Path.GetFullPath(path),
                path,
                int.TryParse(Environment.GetEnvironmentVariable(Sudo), out var user) ? user : null
            );
        }

        var text = new char[LabFileReader.MostText + 1];
        var length = Console.In.ReadBlock(text, 0, text.Length);
        return length > LabFileReader.MostText
            ? throw new LabException(ExitCode.Usage, "What comes on standard input is too long for a lab file.")
            : LabFileReader.Parse(new string(text, 0, length), "standard input", Path.GetFullPath("."));
    }

    /// <summary>What a lab on several hosts cannot have. Where all is said by options, the command line says it
    /// itself.</summary>
    private void RequireForHosts(Func<string, bool> given)
    {
        if (File is null)
        {
            return;
        }

        string[] without = ["--watchdog", "--listen", "--templates", "--pgpool-conf", "--postgresql-conf", "--keep"];
        string[] with = ["--installed", "--accept-new", "--vip", "--vip-interface"];
        string[] problems = Said.Hosts is { Count: > 0 }
            ?
            [
                .. without
                    .Select(o => given(o) ? o : File.KeyOf(o))
                    .OfType<string>()
                    .Select(k => $"{k} and {NameOf(SpecField.Hosts)} do not go together."),
            ]
            :
            [
                .. with.Select(o => given(o) ? o : File.KeyOf(o))
                    .OfType<string>()
                    .Select(k => $"{k} goes with hosts, and there are none."),
            ];
        if (problems.Length > 0)
        {
            throw new InvalidSpecException(problems);
        }
    }
}
