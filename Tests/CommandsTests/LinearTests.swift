import Foundation
import Testing

/// Linear models on the command line.
@Suite struct LinearTests {
  let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  @Test func warnsIfTheFitHasNotConverged() throws {
    func errors(_ options: String...) throws -> String {
      let run = try AtelierProcess(
        ["train", "linear", "--data", data, "--output", "a.safetensors"] + options, in: folder)
      #expect(run.status == 0, "\(run.errors)")
      return run.errors
    }
    #expect(try errors("--iterations", "1").contains("the fit has not converged"))
    #expect(try errors("--workers", "1", "--iterations", "1").contains("after 1 iteration,"))
    #expect(try !errors().contains("converged"))
  }
}
