import Foundation
import Testing

/// Exported models on the command line.
@Suite struct ExportTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let data = try TinyData.write(into: folder)
    let run = try AtelierProcess(["train", "tree", "--data", data, "--output", "a.safetensors"], in: folder)
    #expect(run.status == 0, "\(run.errors)")
  }

  private func export(_ arguments: String...) throws -> AtelierProcess {
    try AtelierProcess(["export"] + arguments, in: folder)
  }

  private func content(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder.file(name))) }

  @Test func writesArchiveBesideModel() throws {
    let run = try export("a.safetensors", "--format", "npz")
    #expect(run.status == 0 && run.output.hasPrefix("exported  a.npz\n"), "\(run.errors)")
    #expect(try content("a.npz").starts(with: Array("PK".utf8)))
  }

  @Test func exportedSafetensorsFileIsTheModel() throws {
    #expect(try export("a.safetensors", "--format", "safetensors", "--output", "b").status == 0)
    #expect(try content("b") == content("a.safetensors"))
  }

  @Test func standardOutputHoldsOnlyTheFile() throws {
    let output = folder.file("piped.npz")
    try Data().write(to: URL(fileURLWithPath: output))
    let arguments = ["export", "a.safetensors", "--format", "npz", "--output", "/dev/stdout"]
    #expect(try AtelierProcess(arguments, in: folder, output: output).status == 0)
    #expect(try export("a.safetensors", "--format", "npz").status == 0)
    #expect(try content("piped.npz") == content("a.npz"))
  }

  @Test func refusesInvalidRequests() throws {
    for (arguments, status, reason) in [
      (["a.safetensors", "--format", "onx"], 64, "--format must be safetensors or npz, not \"onx\""),
      (["a.safetensors", "--format", "safetensors"], 64, "the model and the exported file name the same file"),
      (["no.safetensors", "--format", "npz"], 66, "cannot read no.safetensors"),
      (["a.safetensors", "--format", "npz", "--output", "none/a.npz"], 73, "none/a.npz"),
      (
        ["a.safetensors", "--format", "npz", "--output", "/dev/stdout", "--json", "-"], 64, "cannot both be written to"
      ),
    ] as [([String], Int32, String)] {
      let run = try AtelierProcess(["export"] + arguments, in: folder)
      #expect(run.status == status && run.errors.contains(reason), "\(run.errors)")
    }
    try Data("no model".utf8).write(to: URL(fileURLWithPath: folder.file("bad.safetensors")))
    #expect(try export("bad.safetensors", "--format", "npz").status == 65)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).allSatisfy { !$0.hasSuffix(".npz") })
  }
}
