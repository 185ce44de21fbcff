using System.Text.Json;

namespace PgpoolLab.Cli.Keeping;

/// <summary>The JSON schema of the lines that <c>pgpoollab host</c> reads and writes.</summary>
internal static class HostSchema
{
    /// <param name="verbs">The commands that work on a lab; a call's first word is their first.</param>
    internal static string Text(IEnumerable<string> verbs) =>
        Shape.Replace(
            "\"VERBS\"",
            string.Join(
                ", ",
                verbs
                    .Select(v => v.Split(' ')[0])
                    .Distinct()
                    .Select(v => JsonSerializer.Serialize(v, HostJson.Default.String))
            ),
            StringComparison.Ordinal
        );

    private const string Shape = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "The lines of pgpoollab host, protocol 1",
          "description": "Each line is an object. When standard input ends, the labs that were made are removed.",
          "oneOf": [{ "$ref": "#/$defs/request" }, { "$ref": "#/$defs/reply" }],
          "$defs": {
            "request": {
              "type": "object",
              "properties": {
                "id": { "type": "integer", "description": "The number of the call; yours to choose" },
                "call": { "$ref": "#/$defs/call" },
                "cancel": { "type": "integer", "description": "The id of a call to end; its answer still comes" },
                "ping": { "type": "boolean", "description": "Answered by pong" }
              },
              "additionalProperties": true
            },
            "call": {
              "oneOf": [
                {
                  "type": "object",
                  "description": "Make a lab and start it. The answer is #/$defs/made",
                  "properties": {
                    "call": { "const": "create" },
                    "arguments": { "$ref": "#/$defs/words", "description": "Options of: pgpoollab setup" },
                    "directory": { "type": "string", "description": "Its folder, absolute; default: a new one" },
                    "from": { "type": "string", "description": "Make it of this snapshot of lab, by: pgpoollab clone" },
                    "lab": { "type": "string", "description": "The lab whose snapshot that is: folder or name" }
                  },
                  "required": ["call"]
                },
                {
                  "type": "object",
                  "description": "Run a command that works on a lab. The answer is what it prints with --json",
                  "properties": {
                    "call": { "const": "verb" },
                    "arguments": { "$ref": "#/$defs/words", "prefixItems": [{ "enum": ["VERBS"] }], "minItems": 1 },
                    "lab": { "type": "string", "description": "Its folder or name; default: the only one made" },
                    "follow": { "type": "boolean", "description": "Each line of output comes at once, as event" }
                  },
                  "required": ["call", "arguments"]
                },
                {
                  "type": "object",
                  "description": "Stop a lab and delete all of it",
                  "properties": { "call": { "const": "destroy" }, "lab": { "type": "string" } },
                  "required": ["call", "lab"]
                },
                {
                  "type": "object",
                  "description": "Leave a lab as it is when standard input ends",
                  "properties": { "call": { "const": "keep" }, "lab": { "type": "string" } },
                  "required": ["call", "lab"]
                },
                {
                  "type": "object",
                  "description": "guard: end this process group when standard input ends; release: it has ended",
                  "properties": {
                    "call": { "enum": ["guard", "release"] },
                    "group": { "type": "integer", "minimum": 2 }
                  },
                  "required": ["call", "group"]
                },
                {
                  "type": "object",
                  "description": "The answer is this schema",
                  "properties": { "call": { "const": "schema" } },
                  "required": ["call"]
                }
              ]
            },
            "reply": {
              "type": "object",
              "properties": {
                "version": { "type": "string", "description": "Of the program; in the first line" },
                "protocol": { "const": 1, "description": "In the first line" },
                "id": { "type": "integer" },
                "answer": { "description": "The answer, in the last line of a call; left out where there is none" },
                "done": { "const": true, "description": "The call was done; this is its last line" },
                "error": { "$ref": "#/$defs/error" },
                "said": { "type": "string", "description": "A line of conversation, while the call is under way" },
                "event": { "description": "A line of output of a call that is followed" },
                "pong": { "const": true }
              }
            },
            "error": {
              "type": "object",
              "description": "The call failed; this is its last line",
              "properties": {
                "code": { "type": "integer", "description": "The exit code: docs, 'Exit codes'" },
                "message": { "type": "string", "description": "What happened, in a sentence" },
                "text": { "type": "string", "description": "All that the command line would say" },
                "outcome": { "description": "What was printed all the same" }
              },
              "required": ["code", "message", "text"]
            },
            "made": {
              "type": "object",
              "properties": {
                "lab": { "type": "object", "description": "As setup --json prints it; its folder is directory" },
                "endpoints": {
                  "type": "array",
                  "description": "As env --format json prints them: Pgpool-II first, then the nodes",
                  "items": { "type": "object" }
                },
                "environment": {
                  "type": "object",
                  "description": "Variables for programs; null for one that must not be set",
                  "additionalProperties": { "type": ["string", "null"] }
                }
              },
              "required": ["lab", "endpoints", "environment"]
            },
            "words": { "type": "array", "items": { "type": "string" } }
          }
        }
        """;
}
