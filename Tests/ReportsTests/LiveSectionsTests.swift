import Progress
import Reports
import Testing

/// The sections of the live page, whose values come from a running command.
@Suite struct LiveSectionsTests {
  @Test func workersSectionShowsEachFieldInItsColumn() throws {
    var line = WorkerLine(
      host: "node-7", process: 4711, threads: 3, instructionSet: "avx2", activity: "64 images of each batch",
      rate: 1234.5, fraction: 0.25, lastSeen: 2_300)
    (line.bytesSent, line.waitingSeconds) = (12_340_000, 0.42)
    let elements = try ParsedXML(LiveSections.workers([line], unit: "images").fragment).elements
    let titles = elements.filter { $0.name == "th" && $0.attributes["scope"] == "col" }.map(\.text)
    let cells = elements.filter { $0.name == "td" || $0.attributes["scope"] == "row" }.map(\.text)
    #expect(titles.count == cells.count)
    #expect(
      Dictionary(zip(titles, cells)) { first, _ in first } == [
        "worker": "node-7 4711", "threads": "3", "instruction set": "avx2", "activity": "64 images of each batch",
        "images/s": "1234", "fraction of work": "25 %", "sent, MB": "12.3", "waited, s": "0.4", "last seen, s": "2.3",
      ])
  }
}
