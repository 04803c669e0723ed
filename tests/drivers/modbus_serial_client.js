// Read and write with modbus-serial; prints one JSON object. Usage: node FILE PORT BAUDRATE
const ModbusRTU = require("modbus-serial");
const [port, baudrate] = process.argv.slice(2);
const client = new ModbusRTU();
(async () => {
  await client.connectRTUBuffered(port, { baudRate: Number(baudrate) });
  client.setID(1);
  client.setTimeout(3000);
  const before = (await client.readHoldingRegisters(20, 4)).data;
  const input = (await client.readInputRegisters(1, 2)).data;
  await client.writeRegister(30, 4711);
  await client.writeRegisters(31, [4712, 4713]);
  const after = (await client.readHoldingRegisters(30, 3)).data;
  await new Promise((done) => client.close(done));
  console.log(JSON.stringify({ before, input, after }));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
