// siploom completion: scripts for bash and zsh; and the man page and reference, from the same tree.
#include <fmt/format.h>

#include "api/api.h"
#include "base/text.h"
#include "cli/command_tree.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/version.h"
#include "registry/fields.h"
#include "store/table.h"

namespace siploom::cli {

namespace {

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += between;
    out += word;
  }
  return out;
}

std::vector<std::string> option_names(const CommandHelp& command) {
  std::vector<std::string> out;
  for (const OptionHelp& option : command.options) {
    out.insert(out.end(), option.names.begin(), option.names.end());
  }
  return out;
}

std::string field_names() {
  std::vector<std::string> names;
  for (const registry::FieldInfo& field : registry::fields()) names.emplace_back(field.name);
  return joined(names, " ");
}

// What an enumeration may be, as patterns of a shell `case`: "call.state) values="..." ;;".
std::string choices_by_field() {
  std::string out;
  for (const registry::FieldInfo& field : registry::fields()) {
    if (field.choices.empty()) continue;
    std::string names(field.name);
    if (names.starts_with("call.")) names += "|" + names.substr(5);
    out += fmt::format("      {}) values=\"{}\" ;;\n", names, field.choices);
  }
  return out;
}

// Within a filter the last name is completed, and behind == the values of an enumeration.
constexpr std::string_view kBashHead =
    R"sh(# bash completion for siploom:  source <(siploom completion bash)
# Words that begin with $2, each with $3 before it.
_siploom_offer() { mapfile -t COMPREPLY < <(compgen -P "$3" -W "$1" -- "$2"); }
_siploom_filter() {
  local word=$1 values=$_siploom_fields last=${1##*[!A-Za-z0-9_.-]}
  if [[ $word =~ ([A-Za-z_.]+)\ *(==|!=)\ *[A-Za-z-]*$ ]]; then
    case ${BASH_REMATCH[1]} in
)sh";
constexpr std::string_view kBashBody = R"sh(    esac
  fi
  _siploom_offer "$values" "$last" "${word%"$last"}"
}
_siploom() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options="" files
  case $before in
    -i|--interface) _siploom_offer "any $(ls /sys/class/net 2>/dev/null)" "$word"; return ;;
    --color) _siploom_offer "auto always never" "$word"; return ;;
    --format) _siploom_offer "pcap pcapng text jsonl csv" "$word"; return ;;
    completion) _siploom_offer "bash zsh man reference store" "$word"; return ;;
    --sort) _siploom_offer "$_siploom_fields -${_siploom_fields// / -}" "$word"; return ;;
    --columns) _siploom_offer "$_siploom_fields" "${word##*,}" "${word%"${word##*,}"}"; return ;;
    -f|--filter) _siploom_filter "${word#[\"\']}"; return ;;
  esac
)sh";
constexpr std::string_view kBashTail = R"sh(  esac
  case $word in
    -*) _siploom_offer "$options --help" "$word" ;;
    \'*|\"*) _siploom_filter "${word#?}" ;;
    *)
      _siploom_filter "$word"
      mapfile -t files < <(compgen -f -- "$word")
      COMPREPLY+=("${files[@]}") ;;
  esac
}
complete -o filenames -F _siploom siploom
)sh";

std::string bash_script() {
  std::string cases, commands;
  for (const CommandHelp& command : command_tree()) {
    commands += command.name + " ";
    cases += fmt::format("    {}) options=\"{}\" ;;\n", command.name,
                         joined(option_names(command), " "));
  }
  std::string out(kBashHead);
  out += choices_by_field();
  out += kBashBody;
  out += fmt::format(
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    _siploom_offer \"{}--help --version\" \"$word\"; return\n  fi\n",
      commands);
  out += "  case ${COMP_WORDS[1]} in\n" + cases;
  out += kBashTail;
  return out + fmt::format("_siploom_fields=\"{}\"\n", field_names());
}

// Brackets, colons and quotes mean something to _arguments.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':') out += '\\';
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out;
}

std::string zsh_script() {
  std::string out =
      "#compdef siploom\n# zsh completion for siploom:  source <(siploom completion zsh)\n" +
      fmt::format("_siploom_words() {{ _alternative 'files:file:_files' 'fields:field:({})' }}\n",
                  field_names()) +
      "_siploom() {\n";
  out += "  local -a commands=(\n";
  for (const CommandHelp& command : command_tree()) {
    out += fmt::format("    '{}:{}'\n", command.name, zsh_text(command.help));
  }
  out += "  )\n  if (( CURRENT == 2 )); then _describe command commands; return; fi\n";
  out += "  local command=$words[2]\n  shift words; (( CURRENT-- ))\n  case $command in\n";
  for (const CommandHelp& command : command_tree()) {
    out += fmt::format("    {})\n      _arguments", command.name);
    for (const OptionHelp& option : command.options) {
      for (const std::string& name : option.names) {
        const std::string value =
            option.value.empty() ? "" : ":" + zsh_text(option.value) + ":_files";
        out += fmt::format(" \\\n        '{}[{}]{}'", name, zsh_text(option.help), value);
      }
    }
    out += " \\\n        '*:filter or file:_siploom_words' ;;\n";
  }
  out +=
      "  esac\n}\nif [[ $funcstack[1] == _siploom ]]; then _siploom; else compdef _siploom "
      "siploom; fi\n";
  return out;
}

std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '-') out += '\\';
    out += c;
    if (c == '\n') out += ".br\n";
  }
  return out;
}

std::string man_page() {
  std::string out = fmt::format(".TH SIPLOOM 1 \"\" \"siploom {}\" \"User commands\"\n", kVersion);
  out +=
      ".SH NAME\nsiploom \\- every SIP call in any capture, and what became of it\n.SH SYNOPSIS\n";
  for (const CommandHelp& command : command_tree())
    out += fmt::format("{}\n.br\n", roff(command.usage));
  out +=
      ".SH DESCRIPTION\nsiploom reads captures, text dumps, standard input or an interface, finds "
      "SIP on any port and in\n"
      "any tunnel, builds calls, and shows, searches, counts, splits and exports them.\n"
      "Filters are described in docs/filter.md; \\fBsiploom fields\\fR lists their fields.\n.SH "
      "COMMANDS\n";
  for (const CommandHelp& command : command_tree()) {
    out += fmt::format(".SS {}\n{}.\n", roff(command.usage), roff(command.help));
    if (!command.words_help.empty()) out += fmt::format(".PP\n{}\n", roff(command.words_help));
    for (const OptionHelp& option : command.options) {
      const std::string value = option.value.empty() ? "" : " \\fI" + roff(option.value) + "\\fR";
      out += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff(joined(option.names, ", ")), value,
                         roff(option.help));
    }
  }
  out += ".SH EXIT STATUS\n0 found, 1 nothing found, 2 error.\n";
  out += ".SH ENVIRONMENT\n.TP\nNO_COLOR\nNo colours unless \\-\\-color=always.\n";
  out += ".TP\nTMPDIR\nWhere standard input is kept for commands that read it twice.\n";
  out += ".SH SEE ALSO\ntcpdump(1), tshark(1), sngrep(8)\n";
  return out;
}

std::string reference() {
  std::string out = "# Commands\n\nMade by `siploom completion reference`; do not edit.\n";
  for (const CommandHelp& command : command_tree()) {
    out += fmt::format("\n## {}\n\n    {}\n\n{}.\n", command.name, command.usage, command.help);
    if (!command.words_help.empty()) out += fmt::format("\n{}\n", command.words_help);
    if (command.options.empty()) continue;
    out += "\n| option | what |\n|---|---|\n";
    for (const OptionHelp& option : command.options) {
      const std::string value = option.value.empty() ? "" : " " + option.value;
      out += fmt::format("| `{}{}` | {} |\n", joined(option.names, "`, `"), value, option.help);
    }
  }
  return out;
}

std::string store_reference() {
  std::string out =
      "# Columns of the store\n\nMade by `siploom completion store`; do not edit. What the files "
      "are "
      "and how to read them: [store.md](../store.md).\n";
  for (const store::Table table :
       {store::Table::Records, store::Table::Calls, store::Table::Streams, store::Table::Ledger}) {
    out += fmt::format("\n## {}\n\n| column | type | what |\n|---|---|---|\n",
                       store::table_name(table));
    for (const store::ColumnInfo& column : store::columns(table)) {
      out += fmt::format("| `{}` | {} | {} |\n", column.name, store::sql_type(column.type),
                         column.help);
    }
  }
  return out;
}

}  // namespace

int completion_command(const Options& options) {
  Output out(options.output);
  if (options.shell == "bash") out.write(bash_script());
  if (options.shell == "zsh") out.write(zsh_script());
  if (options.shell == "man") out.write(man_page());
  if (options.shell == "reference") out.write(reference());
  if (options.shell == "api") out.write(api::api_reference_md());
  if (options.shell == "openapi") out.write(api::openapi_json(kVersion));
  if (options.shell == "store") out.write(store_reference());
  return 0;
}

}  // namespace siploom::cli
