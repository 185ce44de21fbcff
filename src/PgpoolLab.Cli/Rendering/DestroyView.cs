using PgpoolLab.Model;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Asks about what is the user's own in a lab that is to be destroyed.</summary>
internal static class DestroyView
{
    private const int MostShown = 10;

    /// <summary>Asks a person at a terminal whether files of their own are to be deleted as well.</summary>
    /// <returns>True when the answer is yes; false also where nobody can be asked.</returns>
    internal static async Task<bool> AskAsync(
        Terminal terminal,
        Lab lab,
        IReadOnlyList<string> usersFiles,
        CancellationToken cancellationToken
    )
    {
        if (!terminal.IsInteractive || !Question.CanAsk)
        {
            return false;
        }

        terminal.Error.WriteLine(
            $"In folders of the lab '{lab.Name}' there are files that neither the lab nor its servers have made:"
        );
        foreach (var file in usersFiles.Take(MostShown))
        {
            terminal.Error.WriteLine("  " + file);
        }

        if (usersFiles.Count > MostShown)
        {
            terminal.Error.WriteLine($"  and {usersFiles.Count - MostShown} more");
        }

        return await Question.AskAsync(
            terminal,
            "Delete them, too? y: yes; n: keep them, and destroy the rest; Ctrl+C: do nothing [n]",
            cancellationToken
        );
    }
}
