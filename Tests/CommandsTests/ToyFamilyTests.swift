import Foundation
import Models
import Testing

/// A family of models that registers itself (`Tests/ToyFamily`) is trained, distributed, searched, saved, loaded, used
/// and reported like the others, without a change anywhere else.
@Suite struct ToyFamilyTests {
  let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  private static let executable =
    AtelierProcess.executable.deletingLastPathComponent().appendingPathComponent("ToyFamily")

  private func run(_ arguments: String...) throws -> AtelierProcess {
    try AtelierProcess(arguments + ["--data", data], in: folder, executable: Self.executable)
  }

  @Test func modelIsIndependentOfWorkers() throws {
    let alone = try run("train", "class-means", "--output", "a.safetensors")
    #expect(alone.status == 0, "\(alone.errors)")
    let distributed = try run("train", "class-means", "--output", "b.safetensors", "--workers", "2")
    #expect(distributed.status == 0, "\(distributed.errors)")
    #expect(try folder.bytes("a.safetensors") == folder.bytes("b.safetensors"))
    let evaluated = try run("evaluate", "a.safetensors")
    #expect(evaluated.status == 0, "\(evaluated.errors)")
    #expect(try SafetensorsFile(path: folder.file("a.safetensors")).metadata["model"] == "class-means")
    let other = try AtelierProcess(["evaluate", "a.safetensors", "--data", data], in: folder)
    #expect(other.status == 65 && other.errors.contains("must be one of cnn, "), "\(other.errors)")
  }

  @Test func tableIsIndependentOfWorkers() throws {
    let tables = try ["0", "2"].map { workers in
      let swept = try run("sweep", "class-means", "--power", "1,2,03", "--workers", workers, "--report")
      #expect(swept.status == 0, "\(swept.errors)")
      let name = try #require(folder.names(in: "runs").filter { $0.hasPrefix("20") }.max())
      let page = String(decoding: try folder.bytes("runs/\(name)/report/report.html"), as: UTF8.self)
      #expect(page.contains("Class means") && page.contains("companion model"))
      return try folder.bytes("runs/\(name)/scores.csv")
    }
    #expect(tables[0] == tables[1] && tables[0].count > 100)
  }

  @Test func settingsAreChecked() throws {
    let invalid = try run("train", "class-means", "--power", "9")
    #expect(invalid.status == 64 && invalid.errors.contains("power must be an integer from 1 to 8, not \"9\""))
    let help = try AtelierProcess(["train", "class-means", "--help"], in: folder, executable: Self.executable)
    #expect(help.output.contains("--power <n>") && help.output.contains("(default: 2)"))
    #expect(!help.output.contains("--resume") && !help.output.contains("--seed"))
  }
}
