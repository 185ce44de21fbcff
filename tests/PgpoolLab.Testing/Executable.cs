using System.Diagnostics;

namespace PgpoolLab.Testing;

/// <summary>
/// Programs that a test writes and then runs. A process of its own writes them: a file this process has open for
/// writing is open in every program that another test starts at this moment, too, and until that has become another
/// program nobody can run the file ("Text file busy").
/// </summary>
public static class Executable
{
    /// <summary>Writes a program.</summary>
    public static void Write(string path, string text) =>
        Run("/bin/sh", ["-c", "cat >\"$1\" && chmod 700 \"$1\"", "sh", path], text);

    /// <summary>Copies a program, over another one if there is one.</summary>
    public static void Copy(string from, string path) => Run("/bin/cp", ["--", from, path], "");

    private static void Run(string program, string[] arguments, string input)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true })!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new IOException($"{program} ended with exit code {process.ExitCode}.");
        }
    }
}
