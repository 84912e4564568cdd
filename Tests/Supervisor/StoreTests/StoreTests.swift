import Model
import Storage
import SupervisorStore
import Testing

@Suite("x") struct X {}
