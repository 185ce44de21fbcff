using System.Diagnostics;
using System.IO.Compression;
using System.Text.RegularExpressions;

namespace PgpoolLab.Integration.Tests;

/// <summary>The forms in which users get the program. <c>./test</c> has built them; what is compiled ahead of time must
/// do what the others do.</summary>
public static partial class Forms
{
    /// <summary>The program ./pgpoollab builds: native, where there is a linker.</summary>
    public const string Native = "native";

    /// <summary>What ./pgpoollab builds where there is none.</summary>
    public const string FrameworkDependent = "framework-dependent";

    /// <summary>The dotnet tool, installed by a plain user on this system.</summary>
    public const string Tool = "tool";

    /// <summary>The dotnet tool as on a system for which there is no native package.</summary>
    public const string ToolElsewhere = "tool elsewhere";

    /// <summary>All of them; the first is what the others are compared with.</summary>
    public static string[] All => [FrameworkDependent, Native, Tool, ToolElsewhere];

    private static readonly Lazy<string> Managed = new(() =>
        Sandbox.CopyProgram(Path.Combine(Artifacts, "portable", "pgpoollab"))
    );
    private static readonly Lazy<string> Installed = new(() => Install(_ => { }));
    private static readonly Lazy<string> InstalledElsewhere = new(() => Install(ForgetNativePackages));

    public static string Artifacts => Path.Combine(Sandbox.RepositoryRoot(), "artifacts");

    /// <summary>The program's file; null for the default.</summary>
    public static string? Program(string form) =>
        form switch
        {
            Native => null,
            FrameworkDependent => Managed.Value,
            Tool => Installed.Value,
            ToolElsewhere => InstalledElsewhere.Value,
            _ => throw new ArgumentOutOfRangeException(nameof(form), form, null),
        };

    /// <summary>The package of that name in <c>artifacts/packages</c>.</summary>
    /// <param name="name">"PgpoolLab", or with a system, for example "PgpoolLab.any".</param>
    public static string Package(string name) =>
        Assert.Single(
            Directory.GetFiles(Path.Combine(Artifacts, "packages"), $"{name}.*.nupkg"),
            f => PackageName().Match(Path.GetFileName(f)).Groups[1].Value == name
        );

    /// <summary>Installs the tool from <c>artifacts/packages</c> alone, as a plain user does.</summary>
    /// <returns>The command's file.</returns>
    private static string Install(Action<string> change)
    {
        var folder = Sandbox.FolderForAll();
        var packages = Directory.CreateDirectory(Path.Combine(folder, "packages")).FullName;
        foreach (var package in Directory.EnumerateFiles(Path.Combine(Artifacts, "packages"), "*.nupkg"))
        {
            File.Copy(package, Path.Combine(packages, Path.GetFileName(package)));
        }

        change(Path.Combine(packages, Path.GetFileName(Package("PgpoolLab"))));
        File.WriteAllText(
            Path.Combine(folder, "nuget.config"),
            """
            <configuration>
              <packageSources><clear /><add key="here" value="packages" /></packageSources>
            </configuration>
            """
        );
        var account = Account.Of(Account.Plain);
        account.Own(folder);
        string[] command =
        [
            .. account.Prefix,
            "dotnet",
            "tool",
            "install",
            "PgpoolLab",
            "--tool-path",
            $"{folder}/tools",
            "--configfile",
            $"{folder}/nuget.config",
        ];
        var info = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (
            var (name, value) in (ReadOnlySpan<(string, string)>)
                [
                    ("HOME", folder),
                    ("DOTNET_CLI_HOME", folder),
                    ("TMPDIR", folder),
                    ("NUGET_PACKAGES", $"{folder}/nuget"),
                    ("NUGET_SCRATCH", $"{folder}/scratch"),
                    ("DOTNET_CLI_TELEMETRY_OPTOUT", "1"),
                    ("DOTNET_NOLOGO", "1"),
                ]
        )
        {
            info.Environment[name] = value;
        }

        using var process = Reaper.Start(info);
        var error = process.StandardError.ReadToEndAsync();
        var said = process.StandardOutput.ReadToEnd() + error.GetAwaiter().GetResult();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', command)}\n{said}");
        return $"{folder}/tools/pgpoollab";
    }

    private static void ForgetNativePackages(string package)
    {
        using var archive = ZipFile.Open(package, ZipArchiveMode.Update);
        var settings = archive.Entries.Single(e => e.Name == "DotnetToolSettings.xml");
        string text;
        using (var reader = new StreamReader(settings.Open()))
        {
            text = reader.ReadToEnd();
        }

        var name = settings.FullName;
        settings.Delete();
        using var writer = new StreamWriter(archive.CreateEntry(name).Open());
        writer.Write(NativePackage().Replace(text, ""));
    }

    [GeneratedRegex("""<RuntimeIdentifierPackage RuntimeIdentifier="linux-[^>]*>""")]
    private static partial Regex NativePackage();

    [GeneratedRegex(@"^(.*?)\.\d+\.\d+\.\d+.*\.nupkg$")]
    private static partial Regex PackageName();
}
