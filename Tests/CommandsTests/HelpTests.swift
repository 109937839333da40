import Foundation
import Models
import Testing

/// Compares help texts with golden files, so that every change of a help text is reviewed as a whole.
@Suite struct HelpTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// If this environment variable is 1, the golden files are written instead of compared.
  private static let recordVariable = "ATELIER_RECORD_GOLDEN"

  @Test(arguments: [
    "", "quickstart", "train", "train cnn", "train forest", "train extra-trees", "train tree", "train knn",
    "train linear", "train resume",
    "evaluate", "export", "predict", "data", "benchmark", "version", "worker", "keys", "doctor", "sweep", "sweep file",
    "sweep forest", "keys invite", "keys list", "keys revoke", "keys secret", "keys create",
    "sweep extra-trees", "sweep tree", "sweep knn", "sweep cnn", "sweep linear", "runs", "runs list", "runs show",
    "runs compare", "runs remove", "status", "launch", "manifest", "manifest kubernetes", "probe",
  ]) func helpMatchesGolden(command: String) throws {
    let words = command.split(separator: " ").map(String.init)
    let run = try AtelierProcess(words + ["--help"], in: folder)
    #expect(run.status == 0 && run.errors.isEmpty)
    let name = (["help"] + words).joined(separator: "-") + ".txt"
    if ProcessInfo.processInfo.environment[Self.recordVariable] == "1" {
      let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      try Data(run.output.utf8).write(to: sources.appendingPathComponent("Golden/\(name)"))
    } else {
      let golden = try #require(Bundle.module.url(forResource: "Golden/\(name)", withExtension: nil))
      #expect(try run.output == String(contentsOf: golden, encoding: .utf8), "\(Self.recordVariable)=1 updates it")
    }
    #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "the help fits in 80 columns")
    #expect(words.isEmpty || run.output.contains("Example:  "), "the help has an example")
  }

  /// The properties of the commands agree with the settings of each family.
  @Test(arguments: ModelKind.allCases) func everySettingIsAnOption(kind: ModelKind) throws {
    for command in ["train", "sweep"] {
      let help = try AtelierProcess([command, kind.rawValue, "--help"], in: folder).output
      for name in kind.settingNames { #expect(help.contains("\n  --\(name) <"), "\(command) \(kind) --\(name)") }
    }
  }

  @Test(arguments: ModelKind.allCases) func printsSettings(kind: ModelKind) throws {
    let options = kind.setting("seed") == nil ? [] : ["--seed", "7"]
    let run = try AtelierProcess(["train", kind.rawValue, "--print-config", "--data", "nowhere"] + options, in: folder)
    let lines = run.output.split(separator: "\n").map { String($0.prefix { $0 != ":" }) }
    #expect(run.status == 0 && lines == kind.settingNames, "\(run.errors)")
    #expect(options.isEmpty || run.output.contains("seed: 7\n"))
  }

  /// A preset only provides defaults: the learning rate of an optimizer is its own.
  @Test func presetLeavesDefaultsOfOptimizer() throws {
    func config(_ options: String...) throws -> String {
      try AtelierProcess(["train", "cnn", "--optimizer", "adam", "--print-config"] + options, in: folder).output
    }
    #expect(try config() == config("--preset", "standard"))
    #expect(try config().contains("learning-rate: 0.001\n"))
    #expect(try config("--preset", "best").contains("learning-rate: 0.001\n"))
    #expect(try config("--preset", "best", "--learning-rate", "0.01").contains("learning-rate: 0.01\n"))
    let best = try AtelierProcess(["train", "cnn", "--preset", "best", "--print-config"], in: folder).output
    #expect(best.contains("learning-rate: 0.05\n") && best.contains("optimizer: sgd\n"))
  }

  @Test func versionNamesLibrariesAndInstructionSet() throws {
    let run = try AtelierProcess(["version"], in: folder, environment: ["ATELIER_ISA": "portable"])
    #expect(run.status == 0)
    #expect(run.output.contains("instruction set  portable (available: portable"))
    for name in ["atelier", "cores", "zlib", "libpng", "libsodium"] {
      #expect(run.output.contains("\n\(name) ") || run.output.hasPrefix(name))
    }
    #expect(try AtelierProcess(["--version"], in: folder).output.split(separator: " ").count == 1)
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func generatesCompletionScripts(shell: String) throws {
    let run = try AtelierProcess(["--generate-completion-script", shell], in: folder)
    #expect(run.status == 0 && run.output.contains("quickstart"))
  }
}
