using System.Globalization;
using System.Text;
using System.Xml;

namespace PgpoolLab.Drills.Results;

/// <summary>Results for build servers.</summary>
/// <remarks>The elements that Jenkins, GitLab and others read: testsuites, testsuite, testcase, failure.</remarks>
public static class JunitXml
{
    /// <summary>A suite for each drill, a case for each run.</summary>
    public static string Of(IReadOnlyList<DrillResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, OmitXmlDeclaration = true }))
        {
            xml.WriteStartElement("testsuites");
            foreach (var result in results)
            {
                WriteSuite(xml, result);
            }

            xml.WriteEndElement();
        }

        return $"""<?xml version="1.0" encoding="UTF-8"?>{"\n"}{text}{"\n"}""";
    }

    private static void WriteSuite(XmlWriter xml, DrillResult result)
    {
        var runs = result.Variants.SelectMany(v => v.Runs.Select(r => (v.Setting, Run: r))).ToArray();
        xml.WriteStartElement("testsuite");
        xml.WriteAttributeString("name", $"drill {Clean(result.Drill)}");
        xml.WriteAttributeString("tests", runs.Length.ToString(CultureInfo.InvariantCulture));
        xml.WriteAttributeString(
            "failures",
            runs.Count(r => !DrillSummaries.Holds(r.Run)).ToString(CultureInfo.InvariantCulture)
        );
        xml.WriteAttributeString("errors", "0");
        xml.WriteAttributeString(
            "timestamp",
            result.StartedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture)
        );
        foreach (var (setting, run) in runs)
        {
            xml.WriteStartElement("testcase");
            xml.WriteAttributeString("classname", $"drill.{Clean(result.Drill)}");
            xml.WriteAttributeString("name", Clean($"{(setting is null ? "" : $"{setting}, ")}run {run.Number}"));
            xml.WriteAttributeString("time", (run.To - run.From).ToString("0.000", CultureInfo.InvariantCulture));
            foreach (var (what, seen) in Broken(run))
            {
                xml.WriteStartElement("failure");
                xml.WriteAttributeString("message", Clean($"{what}: {seen}"));
                xml.WriteString(Clean(run.Sentence));
                xml.WriteEndElement();
            }

            xml.WriteElementString("system-out", Clean(run.Sentence));
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    /// <summary>What does not hold in a run.</summary>
    internal static IEnumerable<(string What, string Seen)> Broken(DrillRun run) =>
        run
            .Expectations.Where(e => !e.Holds)
            .Select(e => (e.What, e.Seen))
            .Concat(run.Checks.Where(c => !c.Holds).Select(c => (c.What, c.Seen)));

    /// <summary>Without what XML cannot have.</summary>
    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            clean.Append(
                rune.Value is 9 or 10 or 13 or >= 32 and not 0xFFFE and not 0xFFFF ? rune.ToString() : "\uFFFD"
            );
        }

        return clean.ToString();
    }
}
