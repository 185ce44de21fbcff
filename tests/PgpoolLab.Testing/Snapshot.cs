using System.Runtime.CompilerServices;

namespace PgpoolLab.Testing;

/// <summary>Approves text: it must be what lies in <c>snapshots/NAME.txt</c> beside the test. To approve what a run
/// made, run the tests with
/// <c>UPDATE_SNAPSHOTS=1</c>, then read the difference in git.</summary>
public static class Snapshot
{
    /// <summary>Compares, and says where they part.</summary>
    public static void Approve(string name, string actual, [CallerFilePath] string testFile = "")
    {
        var file = Path.Combine(Path.GetDirectoryName(testFile)!, "snapshots", name + ".txt");
        var text = actual.ReplaceLineEndings("\n");
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
            return;
        }

        var expected = File.Exists(file) ? File.ReadAllText(file).ReplaceLineEndings("\n") : null;
        if (expected == text)
        {
            return;
        }

        File.WriteAllText(Path.ChangeExtension(file, ".received.txt"), text);
        throw new SnapshotMismatchException(
            expected is null
                ? $"There is no approved {file}; this run made:\n{text}"
                : $"{file} differs.\n{FirstDifference(expected, text)}"
        );
    }

    private static string FirstDifference(string expected, string actual)
    {
        var (left, right) = (expected.Split('\n'), actual.Split('\n'));
        var line = Enumerable
            .Range(0, Math.Max(left.Length, right.Length))
            .First(i => left.ElementAtOrDefault(i) != right.ElementAtOrDefault(i));
        return $"Line {line + 1}\n  approved: {left.ElementAtOrDefault(line) ?? "(end)"}\n  now:      "
            + $"{right.ElementAtOrDefault(line) ?? "(end)"}\nAll of it now:\n{actual}";
    }
}

/// <summary>A text is not what was approved.</summary>
public sealed class SnapshotMismatchException(string message) : Exception(message);
