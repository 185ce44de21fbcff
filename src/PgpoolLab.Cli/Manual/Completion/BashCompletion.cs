using System.CommandLine;
using PgpoolLab.Hosts;

namespace PgpoolLab.Cli.Manual.Completion;

/// <summary>The script for bash, 3.2 and newer; it needs no other package.</summary>
internal static class BashCompletion
{
    private const string Engine = """
        _pgpoollab() {
            local cur=${COMP_WORDS[COMP_CWORD]} path='' option='' rest='' count=0 word line i
            local -a words
            COMPREPLY=()
            for ((i = 1; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                # bash makes three words of --option=value.
                [[ $word == = ]] && continue
                if [[ -n $rest ]]; then
                    count=$((count + 1))
                elif [[ -n $option ]]; then
                    option=''
                elif [[ $word == -- ]]; then
                    rest=yes
                elif [[ $word == -* ]]; then
                    [[ -z $(_pgpoollab_value "$path:$word") ]] || option=$word
                elif [[ $count == 0 && " $(_pgpoollab_commands "$path") " == *" $word "* ]]; then
                    path=${path:+$path }$word
                else
                    count=$((count + 1))
                fi
            done
            [[ $cur != = ]] || cur=''
            if [[ -n $option ]]; then
                line=$(_pgpoollab_value "$path:$option")
            elif [[ -z $rest && $cur == -* ]]; then
                line=$(_pgpoollab_options "$path")
            else
                line="$(_pgpoollab_argument "$path:$count")"
                [[ $count != 0 ]] || line="$(_pgpoollab_commands "$path") $line"
            fi
            read -r -a words <<<"$line"
            # (An empty list counts as unset before bash 4.4.)
            for word in ${words[@]+"${words[@]}"}; do
                case $word in
                    =labs) _pgpoollab_add < <("${COMP_WORDS[0]}" list --names 2>/dev/null) ;;
                    =folders) _pgpoollab_add < <(compgen -d -- "$cur") ;;
                    =files) _pgpoollab_add < <(compgen -f -- "$cur") ;;
                    =programs) _pgpoollab_add < <(compgen -c -- "$cur") ;;
                    =*) ;;
                    *) _pgpoollab_add plain <<<"$word" ;;
                esac
            done
        }

        # Adds those lines that begin with the word at the cursor.
        _pgpoollab_add() {
            local line
            while IFS= read -r line; do
                [[ -n $line && $line == "$cur"* ]] || continue
                # A name that means something to the shell is quoted as a file's is; where bash cannot, it is left out.
                if [[ -z ${1-} ]] && ! compopt -o filenames 2>/dev/null && [[ $line == *[!A-Za-z0-9_./-]* ]]; then
                    continue
                fi
                COMPREPLY+=("$line")
            done
        }

        complete -F _pgpoollab pgpoollab
        """;

    internal static string Script(Command root)
    {
        var commands = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var (options, values, arguments) = (Cases(), Cases(), Cases());
        foreach (var command in CommandFacts.All(root).Prepend(root))
        {
            var path = CommandFacts.PathOf(command).TrimEnd();
            var below = CommandFacts.Commands(command);
            if (below.Count > 0)
            {
                commands[path] = string.Join(' ', below.Select(c => c.Name));
            }

            options[path] = string.Join(' ', CommandFacts.Options(command).SelectMany(CommandFacts.TypedNames));
            foreach (var option in CommandFacts.Options(command).Where(o => CommandFacts.ValueOf(o) is not null))
            {
                foreach (var name in CommandFacts.TypedNames(option))
                {
                    values[$"{path}:{name}"] = Words(Completes.Of(option));
                }
            }

            foreach (var (argument, index) in CommandFacts.Arguments(command).Select((a, i) => (a, i)))
            {
                var completes = Completes.Of(argument);
                if (!completes.IsNothing)
                {
                    arguments[$"{path}:{index}"] = Words(completes);
                }
            }
        }

        return string.Join(
                '\n',
                "# Completion for bash, made by: pgpoollab completion bash",
                "# Use it in this shell:  eval \"$(pgpoollab completion bash)\"",
                "",
                Function("_pgpoollab_commands", commands),
                Function("_pgpoollab_options", options),
                "# What an option takes; nothing for one that takes nothing.",
                Function("_pgpoollab_value", values),
                Function("_pgpoollab_argument", arguments),
                Engine.ReplaceLineEndings("\n")
            ) + "\n";

        static SortedDictionary<string, string> Cases() => new(StringComparer.Ordinal);
    }

    private static string Words(Completes completes) =>
        string.Join(
            ' ',
            completes
                .Words.Append(completes.Labs ? "=labs" : "")
                .Append(completes.Folders ? "=folders" : "")
                .Append(completes.Files ? "=files" : "")
                .Append(completes.Programs ? "=programs" : "")
                .Where(w => w.Length > 0)
                .DefaultIfEmpty("=anything")
        );

    private static string Function(string name, SortedDictionary<string, string> cases) =>
        $"{name}() {{\n    case $1 in\n"
        + string.Concat(
            cases
                .GroupBy(c => c.Value, c => c.Key)
                .Select(g => $"        {string.Join(" | ", g.Select(Quoted))}) echo {Shell.Quote(g.Key)} ;;\n")
        )
        + "    esac\n}\n";

    private static string Quoted(string text) => text.Length == 0 ? "''" : Shell.Quote(text);
}
