// Serve registers over Modbus TCP with modbus-serial; prints the port once it listens.
const { ServerTCP } = require("modbus-serial");
const holding = Array.from({ length: 200 }, (_, i) => 7 * i + 3);
const vector = {
  getHoldingRegister: (address) => holding[address],
  getInputRegister: (address) => 11 * address + 5,
  setRegister: (address, value) => { holding[address] = value; },
};
const port = Number(process.argv[2]);
const server = new ServerTCP(vector, { host: "127.0.0.1", port, unitID: 1 });
server.on("initialized", () => console.log("ready"));
