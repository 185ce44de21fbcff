using System.Diagnostics;
using System.Text;

namespace PgpoolLab.Testing;

/// <summary>Real shells, to find out what a text means to them.</summary>
public static class Shells
{
    /// <summary>Those this machine has, each once; <c>/bin/sh</c> is always there.</summary>
    public static IReadOnlyList<string> All { get; } =
        ((string[])["/bin/sh", "/bin/bash", "/bin/dash", "/bin/zsh", "/bin/ksh"])
            .Where(File.Exists)
            .DistinctBy(s => new FileInfo(s).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? s)
            .ToArray();

    /// <summary>Has a shell run a script, which it reads from its standard input.</summary>
    /// <returns>What the script prints, each text ended by NUL.</returns>
    /// <exception cref="InvalidOperationException">It failed, or complained.</exception>
    public static string[] Run(string shell, string script, params IEnumerable<string> arguments)
    {
        var info = new ProcessStartInfo(shell, ["-s", "--", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        using var process = Process.Start(info)!;
        // The process does not dispose streams that were asked for; a test of descriptors runs beside this one.
        using var standardOutput = process.StandardOutput;
        using var standardError = process.StandardError;
        // As bytes: a reader would take a byte order mark for its own.
        using var bytes = new MemoryStream();
        var (output, error) = (standardOutput.BaseStream.CopyToAsync(bytes), standardError.ReadToEndAsync());
        process.StandardInput.Write(script);
        process.StandardInput.Close();
        process.WaitForExit();
        output.GetAwaiter().GetResult();
        return process.ExitCode == 0 && error.Result.Length == 0
            ? Encoding.UTF8.GetString(bytes.ToArray()).Split('\0')[..^1]
            : throw new InvalidOperationException($"{shell} ended with {process.ExitCode}: {error.Result}\n{script}");
    }
}
