import Compute
import Testing

@Suite struct InstructionSetTests {
  @Test func environmentSelectsInstructionSet() throws {
    #expect(try InstructionSet.chosen(environment: ["ATELIER_ISA": "portable"]) == .portable)
    #expect(try InstructionSet.chosen(environment: [:]) == InstructionSet.available.max())
    #expect(throws: InstructionSetError.unknown("sse9")) {
      try InstructionSet.chosen(environment: ["ATELIER_ISA": "sse9"])
    }
  }
}
