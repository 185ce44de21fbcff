using PgpoolLab.Model;
using PgpoolLab.Provisioning.LabFiles;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Prints what a lab file wants otherwise than a lab has it.</summary>
internal static class LabDifferencesView
{
    internal static void Print(Terminal terminal, Lab lab, string file, LabDifferences differences)
    {
        if (differences.All.Count == 0)
        {
            terminal.Say($"The lab '{lab.Name}' is as {file} says.");
            return;
        }

        foreach (var difference in differences.All.Where(d => d.WhyNot is null))
        {
            terminal.Out.WriteLine($"{difference.What}: {difference.Is} -> {difference.Wanted}");
        }

        foreach (var difference in differences.All.Where(d => d.WhyNot is not null))
        {
            terminal.Out.WriteLine($"{difference.What}: {difference.Is}, not {difference.Wanted}: {difference.WhyNot}");
        }
    }
}
