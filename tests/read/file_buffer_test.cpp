#include "read/file_buffer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <new>
#include <random>
#include <thread>

#include "files.hpp"
#include "read/growing_bytes.hpp"
#include "threads/available_memory.hpp"

namespace neuspec::test {
namespace {

using read::FileBuffer;
using testing::StartsWith;

class Buffer : public Files {};

std::string random_text(std::size_t size) {
  std::mt19937 random(3);
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 16);
  return text;
}

TEST_F(Buffer, shows_plain_and_compressed_files_alike) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, std::size_t{3000000}}) {
    const std::string text = random_text(size);
    EXPECT_EQ(FileBuffer(write("plain", text)).content(), text);
    EXPECT_EQ(FileBuffer(write("packed", gzip(text))).content(), text);
    EXPECT_EQ(FileBuffer(write("twice", gzip(text) + gzip("more"))).content(), text + "more");
  }
  EXPECT_EQ(FileBuffer(write("zeros", gzip(std::string(5000000, '\0')))).content(), std::string(5000000, '\0'));
  EXPECT_EQ(FileBuffer(write("empty", "")).content(), "");
  EXPECT_EQ(FileBuffer(write("packed_empty", gzip(""))).content(), "");
}

TEST_F(Buffer, reads_pipes_to_their_end) {
  const std::string text = random_text(300000);
  for (const std::string& sent : {text, gzip(text)}) {
    const std::string pipe = path("pipe" + std::to_string(sent.size()));
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << sent; });
    const FileBuffer buffer(pipe);
    writer.join();
    EXPECT_EQ(buffer.content(), text);
  }
}

TEST_F(Buffer, a_file_that_is_cut_short_while_it_is_read_is_an_error) {
  const std::string file = write("cut.csv", "1,2\n3,4\n");
  const int descriptor = ::open(file.c_str(), O_RDONLY);
  ASSERT_GE(descriptor, 0);
  EXPECT_THROW(
      {
        try {
          read::read_bytes(descriptor, 1000, "cut.csv");
        } catch (const DataError& error) {
          EXPECT_STREQ(error.what(), "cut.csv: was cut short while it was read: it ends after 8 of 1000 bytes");
          throw;
        }
      },
      DataError);
  ::lseek(descriptor, 0, SEEK_SET);
  const read::GrowingBytes whole = read::read_bytes(descriptor, 8, "cut.csv");
  EXPECT_EQ(std::string(whole.data(), whole.size), "1,2\n3,4\n");
  ::lseek(descriptor, 0, SEEK_SET);
  EXPECT_EQ(read::read_bytes(descriptor, 2, "cut.csv").size, 8U) << "a file that grows is read to its end";
  ::close(descriptor);
}

TEST_F(Buffer, lines_that_carriage_returns_end) {
  const auto mended = [&](const std::string& text) {
    FileBuffer buffer(write("mac", text));
    buffer.mend_line_ends();
    return std::string(buffer.content());
  };
  EXPECT_EQ(mended("a,b\r1,2\r"), "a,b\n1,2\n");
  EXPECT_EQ(mended("a,b\r\n1,2\r\n"), "a,b\r\n1,2\r\n");
  EXPECT_EQ(mended(""), "");
}

TEST_F(Buffer, damaged_gzip) {
  const std::string packed = gzip(random_text(10000));
  for (std::size_t size = 2; size < packed.size(); size += 97) {
    EXPECT_THAT(complaint("a.gz", packed.substr(0, size)), StartsWith("a.gz: the compressed data end too soon (gzip, at compressed byte ")) << size;
  }
  EXPECT_EQ(complaint("a.gz", packed.substr(0, packed.size() - 1)),
            "a.gz: the compressed data end too soon (gzip, at compressed byte " + std::to_string(packed.size()) + ")");
  EXPECT_EQ(complaint("a.gz", packed + "x"),
            "a.gz: trailing bytes after the compressed data (gzip, at compressed byte " + std::to_string(packed.size() + 1) + ")");
  for (const std::size_t at : {packed.size() / 2, packed.size() - 6, packed.size() - 2}) {
    std::string spoilt = packed;
    spoilt[at] = static_cast<char>(spoilt[at] ^ 0x55);
    EXPECT_THAT(complaint("a.gz", spoilt), StartsWith("a.gz: corrupt compressed data: ")) << at;
  }
  EXPECT_EQ(complaint("a.gz", gzip("")), "a.gz: the file is empty");
}

TEST_F(Buffer, what_is_no_file) {
  EXPECT_EQ(complaint_of(path("absent.csv")), "absent.csv: cannot be opened: No such file or directory");
  std::filesystem::create_directory(path("folder.csv"));
  EXPECT_EQ(complaint_of(path("folder.csv")), "folder.csv: is a folder without files");
  EXPECT_EQ(complaint_of("/dev/zero"), "/dev/zero: is neither a file nor a pipe");
  EXPECT_EQ(complaint_of(write("file", "1,2\n") + "/more"), "file/more: cannot be opened: Not a directory");
}

TEST_F(Buffer, a_file_that_may_not_be_read) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  write("secret.csv", "1,2\n");
  std::filesystem::permissions(path("secret.csv"), std::filesystem::perms::none);
  EXPECT_EQ(complaint_of(path("secret.csv")), "secret.csv: cannot be opened: Permission denied");
}

// The kernel would promise more than there is, and end the program that writes to it.
TEST(GrowingBytes, take_no_more_memory_than_is_there) {
  read::GrowingBytes bytes;
  bytes.reserve(1000);
  EXPECT_THROW(bytes.reserve(static_cast<std::size_t>(1.06 * available_memory()) + (1U << 27)), std::bad_alloc);
  EXPECT_EQ(bytes.capacity(), 1000U);
}

}  // namespace
}  // namespace neuspec::test
