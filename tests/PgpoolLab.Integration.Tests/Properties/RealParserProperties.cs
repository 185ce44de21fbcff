using System.Diagnostics;
using System.Text;
using CsCheck;
using PgpoolLab.Hosts;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Integration.Tests.Properties;

/// <summary>What is written for PostgreSQL, libpq and Pgpool-II, read by themselves. Nothing is started: each reads its
/// configuration and says what is in it.</summary>
public sealed class RealParserProperties : IDisposable
{
    private static readonly string Bin = ContractRun.PostgresBin();

    private readonly TemporaryFolder _folder = new(" it's");

    public void Dispose() => _folder.Dispose();

    /// <remarks>PostgreSQL manual, "postgres", option -C.</remarks>
    [Fact]
    public void PostgreSQL_reads_any_value_from_its_configuration_as_it_was() =>
        Any.Line.Sample(
            text =>
            {
                File.WriteAllText(
                    _folder["postgresql.conf"],
                    $"archive_command = {ConfigQuoting.Value(text)}\nport = 1234\n"
                );
                Assert.Equal(
                    (0, text + "\n"),
                    Run($"{Bin}/postgres", "-C", "archive_command", "-D", _folder.Path) is var (code, output, _)
                        ? (code, output)
                        : default
                );
            },
            threads: 1,
            print: Any.Shown
        );

    /// <summary>psql tells the name of a service that is not there.</summary>
    [Fact]
    public void Libpq_reads_any_value_from_a_connection_string_as_it_was() =>
        Any.Line.Sample(
            text =>
            {
                var said = Run(
                    $"{Bin}/psql",
                    "-X",
                    "-w",
                    "-d",
                    $"application_name={ConfigQuoting.ConnectionValue(text)} "
                        + $"service={ConfigQuoting.ConnectionValue(text)} host='/nonexistent'"
                ).Error;
                Assert.Equal($"psql: error: definition of service \"{text}\" not found\n", said);
            },
            print: Any.Shown
        );

    /// <summary>A PID file of a number nobody can have: pgpool tells the number.</summary>
    [Fact]
    public void Pgpool_takes_what_is_between_two_quotes_as_it_stands()
    {
        using var plain = new TemporaryFolder();
        Any.FolderName.Where(n => !n.Contains('\''))
            .Sample(
                name =>
                {
                    // Ended by a zero byte, as Pgpool-II writes it: it reads on to wherever there is one.
                    File.WriteAllText(plain[name], "999999991\0");
                    File.WriteAllText(
                        _folder["pgpool.conf"],
                        $"pid_file_name = '{plain[name]}'\nlisten_addresses = 'localhost'\n"
                    );
                    var said = Run("/usr/sbin/pgpool", "-f", _folder["pgpool.conf"], "-m", "fast", "stop");
                    File.Delete(plain[name]);
                    Assert.Contains("could not stop process with pid: 999999991", said.Error, StringComparison.Ordinal);
                },
                iter: Any.Few,
                threads: 1,
                print: Any.Shown
            );
    }

    /// <summary>As basebackup.sh writes it.</summary>
    [Fact]
    public void A_configuration_within_a_script_reaches_PostgreSQL_as_it_was() =>
        Any.Line.Sample(
            text =>
            {
                var command = $"cp \"%p\" {Shell.Quote(ConfigQuoting.Percent(text) + "/%f")}";
                var line = ConfigQuoting.HereDocument($"archive_command = {ConfigQuoting.Value(command)}");
                var written = Shells.Run("/bin/sh", $"cat <<END\n{line}\nEND\nprintf '\\0'\n");
                File.WriteAllText(_folder["postgresql.conf"], written.Single());
                Assert.Equal(
                    command + "\n",
                    Run($"{Bin}/postgres", "-C", "archive_command", "-D", _folder.Path).Output
                );
            },
            iter: Any.Few,
            threads: 1,
            print: Any.Shown
        );

    private static (int Code, string Output, string Error) Run(string program, params string[] arguments)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
        };
        info.Environment["LC_ALL"] = "C.UTF-8";
        info.Environment["PGSERVICEFILE"] = "/dev/null";
        info.Environment["PGSYSCONFDIR"] = "/nonexistent";
        using var process = Reaper.Start(info);
        // As bytes: a reader would take a byte order mark for its own.
        using var bytes = new MemoryStream();
        var (output, error) = (
            process.StandardOutput.BaseStream.CopyToAsync(bytes),
            process.StandardError.ReadToEndAsync()
        );
        process.WaitForExit();
        output.GetAwaiter().GetResult();
        return (process.ExitCode, Encoding.UTF8.GetString(bytes.ToArray()), error.Result);
    }
}
