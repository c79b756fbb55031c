// Reads {"schema": {table: "(column:type, …)"}, "queries": {name: text}} from standard input and
// prints, for each query, what Microsoft's parser says about it: its errors and warnings, the
// tables it reads and the columns, with their types, that come out of it.
"use strict";

const { readFileSync } = require("fs");

const PACKAGE = "@kusto/language-service-next";
require(`${PACKAGE}/bridge.min.js`);
require(`${PACKAGE}/Kusto.Language.Bridge.min.js`);
const { GlobalState, KustoCode, Symbols, Syntax } = globalThis.Kusto.Language;

const listed = (list) => Array.from({ length: list.Count }, (_, place) => list.getItem(place));

function globals(schema) {
  const tables = Object.entries(schema).map(
    ([name, columns]) => new Symbols.TableSymbol.$ctor7(name, columns, ""),
  );
  const database = new Symbols.DatabaseSymbol.ctor("telemetry", tables);
  return GlobalState.Default.WithDatabase(database);
}

function tablesOf(code) {
  const found = new Set();
  Syntax.SyntaxElement.WalkNodes(code.Syntax, (node) => {
    const symbol = node.ReferencedSymbol;
    if (symbol instanceof Symbols.TableSymbol && code.Globals.IsDatabaseTable(symbol)) {
      found.add(symbol.Name);
    }
  });
  return [...found].sort();
}

function analyze(text, state) {
  const code = KustoCode.ParseAndAnalyze(text, state);
  const problems = listed(code.GetDiagnostics()).map((each) => {
    const line = text.slice(0, each.Start).split("\n").length;
    return `line ${line}: ${each.Code}: ${each.Message}`;
  });
  const columns = code.ResultType instanceof Symbols.TableSymbol ? listed(code.ResultType.Columns) : [];
  return {
    problems,
    tables: tablesOf(code),
    columns: Object.fromEntries(columns.map((each) => [each.Name, each.Type.Name])),
  };
}

const { schema, queries } = JSON.parse(readFileSync(0, "utf8"));
const state = globals(schema);
const found = Object.entries(queries).map(([name, text]) => [name, analyze(text, state)]);
process.stdout.write(JSON.stringify(Object.fromEntries(found)));
