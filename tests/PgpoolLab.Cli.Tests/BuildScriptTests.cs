using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace PgpoolLab.Cli.Tests;

/// <summary><c>./pgpoollab</c>, in a copy of its own, with an SDK and a compiler that the test makes up.</summary>
public sealed class BuildScriptTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's ü");

    public BuildScriptTests()
    {
        foreach (var folder in (string[])["bin", "src", "templates", "packaging"])
        {
            Directory.CreateDirectory(_folder[folder]);
        }

        Executable.Copy(Path.Combine(Repository(), "pgpoollab"), _folder["pgpoollab"]);
        File.Copy(Path.Combine(Repository(), "packaging/machine.sh"), _folder["packaging/machine.sh"]);
        Executable.Write(_folder["bin/gcc"], "#!/bin/sh\nexit 0\n");
        Executable.Write(_folder["bin/clang"], "#!/bin/sh\nexit 0\n");
    }

    public void Dispose()
    {
        foreach (var server in File.ReadAllLines(_folder["servers"]))
        {
            using var process = Process.GetProcessById(
                int.Parse(server, System.Globalization.CultureInfo.InvariantCulture)
            );
            process.Kill();
        }

        _folder.Dispose();
    }

    /// <summary>An SDK whose native builds and other builds end so.</summary>
    private void Sdk(int native, int portable) =>
        Executable.Write(
            _folder["bin/dotnet"],
            $$"""
            #!/bin/sh
            out= kind=portable code={{portable}}
            for argument; do
                [ "$last" != -o ] || out=$argument
                [ "$argument" != -p:Native=true ] || kind=native code={{native}}
                last=$argument
            done
            sleep 600 </dev/null >/dev/null 2>&1 & # as the compiler's server does, for ten minutes
            echo $! >>'{{_folder["servers"].Replace("'", "'\\''", StringComparison.Ordinal)}}'
            mkdir -p "$out"
            echo half >"$out/$kind.half"
            [ $code = 0 ] || { echo "ld: error : cannot find -lgcc_s"; exit $code; }
            rm "$out/$kind.half"
            printf '#!/bin/sh\necho %s "$@"\n' $kind >"$out/pgpoollab"
            chmod 755 "$out/pgpoollab"
            [ $kind = native ] || : >"$out/pgpoollab.dll"
            """
        );

    private (int Code, string Output, string Error) Run()
    {
        var start = new ProcessStartInfo(_folder["pgpoollab"], ["version"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{_folder["bin"]}:{Environment.GetEnvironmentVariable("PATH")}";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    [Fact]
    public void A_native_link_that_works_is_what_is_run()
    {
        Sdk(native: 0, portable: 1);
        Assert.Equal((0, "native version\n"), (Run().Code, Run().Output));
    }

    [Fact]
    public void Where_the_native_link_fails_the_other_build_takes_its_place_and_says_so()
    {
        Sdk(native: 1, portable: 0);
        var (code, output, error) = Run();
        Assert.Equal((0, "portable version\n"), (code, output));
        Assert.Contains(
            "no native program could be built here; why:\nld: error : cannot find -lgcc_s\n",
            error,
            StringComparison.Ordinal
        );
        Assert.Contains("which needs the .NET runtime", error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["artifacts/native.half"]));
        // It is built once.
        Assert.Equal((0, "portable version\n", ""), Run());
    }

    [Fact]
    public void A_build_that_cannot_work_fails_with_the_end_of_its_log()
    {
        Sdk(native: 1, portable: 1);
        var (code, output, error) = Run();
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("the build failed; the end of", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_the_build_leaves_running_does_not_keep_the_next_build_waiting()
    {
        Sdk(native: 0, portable: 1);
        Assert.Equal(0, Run().Code);
        using var flock = Process.Start("flock", ["-n", _folder["artifacts/.lock"], "true"]);
        flock.WaitForExit();
        Assert.Equal(0, flock.ExitCode);
    }

    private static string Repository([CallerFilePath] string self = "") =>
        Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(self)))!;
}
